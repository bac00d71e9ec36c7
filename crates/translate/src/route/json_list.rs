//! The JSON lists that the annotations `actions.` and `conditions.` hold.

use model::Reason;
use serde_json::Value;

use crate::dialect::{Fields, Place, Problems};

/// Something in an annotation cannot be used; the problem is noted. Rules that need it must not
/// be served as if it were not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unusable;

/// An annotation that holds a list.
pub(super) struct Written<'a> {
    /// Without the prefix, `actions.web`.
    pub name: &'a str,
    /// Its path in the object.
    pub field: String,
    pub json: &'a str,
}

pub(super) struct JsonList {
    field: String,
    items: Vec<Value>,
}

impl JsonList {
    pub fn parse(written: Written<'_>, problems: &mut Problems) -> Result<Self, Unusable> {
        let Written { name, field, json } = written;
        match serde_json::from_str(json) {
            Ok(items) => Ok(Self { field, items }),
            Err(error) => {
                let text =
                    format!("{name} is no JSON list: {error}; write [{{\"type\": \"…\", …}}]");
                problems.reject(Reason::InvalidAnnotation, field, text);
                Err(Unusable)
            }
        }
    }

    /// Reads item by item, so that each says what is wrong with it. `Err` if any is unusable, be
    /// it only in one field.
    pub fn read_each(
        &self,
        go_type: &'static str,
        problems: &mut Problems,
        mut read: impl FnMut(&mut Fields<'_>, &mut Problems) -> Result<(), Unusable>,
    ) -> Result<(), Unusable> {
        let mut found = Problems::default();
        let mut usable = Ok(());
        for (index, item) in self.items.iter().enumerate() {
            let place = Place {
                path: format!("{}[{index}]", self.field),
                go_type,
                go_path: String::new(),
                go_prefix: "",
                reason: Reason::InvalidAnnotation,
            };
            let Some(mut item) = Fields::open(item, place, &mut found) else { continue };
            usable = usable.and(read(&mut item, &mut found));
            item.finish(&mut found);
        }
        if found.has_rejection() {
            usable = Err(Unusable);
        }
        problems.append(found);
        usable
    }
}

/// The block that an item must bring along, or a problem that names it.
pub(super) fn block<'a>(
    item: &mut Fields<'a>,
    key: &'static str,
    problems: &mut Problems,
) -> Result<Fields<'a>, Unusable> {
    let found = item.child(key, key, problems);
    found.ok_or_else(|| {
        let text = format!("missing {key}: add it to this item");
        problems.reject(Reason::InvalidAnnotation, item.path_of(key), text);
        Unusable
    })
}

/// A value that cannot be used.
pub(super) fn unusable<T>(
    fields: &Fields<'_>,
    key: &str,
    message: String,
    problems: &mut Problems,
) -> Result<T, Unusable> {
    problems.reject(Reason::InvalidAnnotation, fields.path_of(key), message);
    Err(Unusable)
}
