//! Patches that change an object by what they say: JSON merge patch (RFC 7386), JSON patch
//! (RFC 6902) and the strategic merge patch that `kubectl` sends for kinds it knows.

use serde_json::{Map, Value};

use super::lists::{Lists, Merging};

/// RFC 7386: null removes, objects merge, all else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    let target = as_object(target);
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// As [`merge`], but lists whose items have a key merge by it, and the directives `$patch`,
/// `$deleteFromPrimitiveList/…` and `$retainKeys` are followed. `$setElementOrder/…` is not: the order
/// stays as it was, with new items at the end.
pub(super) fn merge_strategic(target: &mut Value, patch: &Value, lists: &Lists, path: &str) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if patch.get("$patch").is_some_and(|directive| directive == "replace") {
        let without = patch.iter().filter(|(key, _)| *key != "$patch");
        *target = Value::Object(without.map(|(k, v)| (k.clone(), v.clone())).collect());
        return;
    }
    let target = as_object(target);
    if let Some(retained) = patch.get("$retainKeys").and_then(Value::as_array) {
        target.retain(|key, _| retained.iter().any(|kept| kept == key));
    }
    for (key, value) in patch {
        let below =
            |name: &str| if path.is_empty() { name.into() } else { format!("{path}.{name}") };
        if let Some(name) = key.strip_prefix("$deleteFromPrimitiveList/") {
            let removed = value.as_array().map_or(&[][..], Vec::as_slice);
            if let Some(list) = target.get_mut(name).and_then(Value::as_array_mut) {
                list.retain(|item| !removed.contains(item));
            }
        } else if key.starts_with('$') {
            // Followed above, or an order we do not keep.
        } else if value.is_null() {
            target.remove(key);
        } else {
            let entry = target.entry(key).or_insert(Value::Null);
            let path = below(key);
            match (lists.merging(&path), value) {
                (Merging::ByKey(keys), Value::Array(items)) => {
                    merge_items(entry, items, &keys[..1], lists, &path);
                }
                (Merging::AsSet, Value::Array(items)) => {
                    let list = as_array(entry);
                    list.extend(
                        items.iter().filter(|&i| !list.contains(i)).cloned().collect::<Vec<_>>(),
                    );
                }
                _ => merge_strategic(entry, value, lists, &path),
            }
        }
    }
}

/// RFC 6902, but for `move` and `copy`, which no client of ours sends.
pub(super) fn json_patch(target: &mut Value, operations: &Value) -> Result<(), String> {
    let operations = operations.as_array().ok_or("a JSON patch is a list of operations")?;
    for operation in operations {
        let path = operation["path"].as_str().ok_or("an operation has no path")?;
        let value = &operation["value"];
        let operator = operation["op"].as_str().unwrap_or_default();
        if operator == "test" {
            match target.pointer(path) == Some(value) {
                true => continue,
                false => return Err(format!("testing path {path} failed")),
            }
        }
        let (parent, last) = path.rsplit_once('/').ok_or("a path begins with a slash")?;
        let last = last.replace("~1", "/").replace("~0", "~");
        let missing =
            || format!("{operator} operation does not apply: doc is missing path: {path}");
        match (target.pointer_mut(parent).ok_or_else(missing)?, operator) {
            (Value::Object(parent), "add") => drop(parent.insert(last, value.clone())),
            (Value::Object(parent), "replace") => {
                *parent.get_mut(&last).ok_or_else(missing)? = value.clone();
            }
            (Value::Object(parent), "remove") => drop(parent.remove(&last).ok_or_else(missing)?),
            (Value::Array(parent), "add") if last == "-" => parent.push(value.clone()),
            (Value::Array(parent), _) => {
                let index: usize = last.parse().map_err(|_| missing())?;
                match operator {
                    "add" if index <= parent.len() => parent.insert(index, value.clone()),
                    "replace" if index < parent.len() => parent[index] = value.clone(),
                    "remove" if index < parent.len() => drop(parent.remove(index)),
                    _ => return Err(missing()),
                }
            }
            _ => return Err(missing()),
        }
    }
    Ok(())
}

/// Strategic patches know one key a list: the first of those that server-side apply knows.
fn merge_items(target: &mut Value, items: &[Value], keys: &[String], lists: &Lists, path: &str) {
    let is_same = |a: &Value, b: &Value| keys.iter().all(|key| a[key] == b[key]);
    let target = as_array(target);
    if items.iter().any(|item| item["$patch"] == "replace") {
        target.clear();
    }
    for item in items {
        match item["$patch"].as_str() {
            Some("delete") => target.retain(|there| !is_same(there, item)),
            Some(_) => {}
            None => match target.iter_mut().find(|there| is_same(there, item)) {
                Some(there) => merge_strategic(there, item, lists, path),
                None => target.push(item.clone()),
            },
        }
    }
}

pub(super) fn as_object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was made one")
}

pub(super) fn as_array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut().expect("it was made one")
}
