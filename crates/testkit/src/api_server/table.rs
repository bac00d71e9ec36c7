//! The `Table` that `kubectl get` prints: the columns of a kind, and a row an object.

mod json_path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    resource::{Definition, Resource},
    view,
};

/// What a row carries besides its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Include {
    None,
    Metadata,
    Object,
}

/// One column: its head, and where a custom kind says its cells come from.
#[derive(Clone, Debug)]
pub(super) struct Column {
    name: String,
    kind: String,
    /// 0 is always shown, more only with `-o wide`.
    priority: i64,
    path: String,
}

impl Include {
    pub(super) fn parse(text: &str) -> Self {
        match text {
            "None" => Self::None,
            "Object" => Self::Object,
            _ => Self::Metadata,
        }
    }
}

impl Column {
    /// Of a CRD's `additionalPrinterColumns`; `Age` alone where it has none.
    pub(super) fn custom(columns: &Value) -> Vec<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let columns = columns.as_array().map_or(&[][..], Vec::as_slice);
        if columns.is_empty() {
            return vec![Self::new("Age", "date", ".metadata.creationTimestamp")];
        }
        let column = |column: &Value| Self {
            name: text(&column["name"]),
            kind: text(&column["type"]),
            priority: column["priority"].as_i64().unwrap_or(0),
            path: text(&column["jsonPath"]),
        };
        columns.iter().map(column).collect()
    }

    fn new(name: &str, kind: &str, path: &str) -> Self {
        Self { name: name.into(), kind: kind.into(), priority: 0, path: path.into() }
    }

    /// A path that finds nothing gives no cell, one that finds many the first.
    fn cell(&self, object: &Value, now: Timestamp) -> Value {
        let found = json_path::find(object, &self.path);
        match (self.kind.as_str(), found.first()) {
            (_, None) => Value::Null,
            ("date", Some(time)) => age(time, now).into(),
            ("string", Some(Value::String(text))) => text.as_str().into(),
            ("string", Some(value)) => value.to_string().into(),
            (_, Some(&value)) => value.clone(),
        }
    }
}

pub(super) fn table(
    resource: &Resource,
    objects: &[&Value],
    meta: Value,
    include: Include,
    now: Timestamp,
) -> Value {
    let columns = columns(resource);
    let heads: Vec<_> = std::iter::once(("Name", "string", "name", 0))
        .chain(columns.iter().map(|c| (c.name.as_str(), c.kind.as_str(), "", c.priority)))
        .map(|(name, kind, format, priority)| {
            let description = name;
            json!({
                "name": name, "type": kind, "format": format, "description": description,
                "priority": priority,
            })
        })
        .collect();
    let rows: Vec<_> = objects
        .iter()
        .map(|&object| {
            let mut cells = vec![object["metadata"]["name"].clone()];
            cells.extend(columns.iter().map(|column| match column.path.as_str() {
                "" => built_in(resource, &column.name, object),
                _ => column.cell(object, now),
            }));
            let mut row = json!({"cells": cells});
            match include {
                Include::None => {}
                Include::Metadata => row["object"] = view::metadata(object),
                Include::Object => row["object"] = object.clone(),
            }
            row
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta,
        "columnDefinitions": heads, "rows": rows,
    })
}

/// A column of a built-in kind without a path is written by [`built_in`].
fn columns(resource: &Resource) -> Vec<Column> {
    let columns: &[(&str, &str)] = match (&resource.definition, resource.kind.as_str()) {
        (Definition::Custom { columns, .. }, _) => return columns.clone(),
        (_, "Namespace") => &[("Status", ".status.phase")],
        (_, "Secret") => &[("Type", ".type"), ("Data", "")],
        (_, "ConfigMap") => &[("Data", "")],
        (_, "Service") => &[
            ("Type", ".spec.type"),
            ("Cluster-IP", ".spec.clusterIP"),
            ("External-IP", ""),
            ("Port(s)", ""),
        ],
        (_, "Ingress") => &[("Class", ""), ("Hosts", ""), ("Address", ""), ("Ports", "")],
        (_, "IngressClass") => &[("Controller", ".spec.controller"), ("Parameters", "")],
        (_, "Lease") => &[("Holder", ".spec.holderIdentity")],
        (_, "CustomResourceDefinition") => {
            let path = ".metadata.creationTimestamp";
            return vec![Column::new("Created At", "string", path)];
        }
        (_, "Event") => {
            &[("Type", ".type"), ("Reason", ".reason"), ("Object", ""), ("Message", ".message")]
        }
        _ => &[],
    };
    let own = columns.iter().map(|(name, path)| Column::new(name, "string", path));
    own.chain([Column::new("Age", "date", ".metadata.creationTimestamp")]).collect()
}

fn built_in(resource: &Resource, column: &str, object: &Value) -> Value {
    let spec = &object["spec"];
    let joined = |list: Vec<&Value>| {
        let texts: Vec<_> = list.into_iter().filter_map(Value::as_str).collect();
        texts.join(",")
    };
    match (resource.kind.as_str(), column) {
        (_, "Data") => object["data"].as_object().map_or(0, serde_json::Map::len).into(),
        ("Ingress", "Class") => spec["ingressClassName"].as_str().unwrap_or("<none>").into(),
        ("Ingress", "Hosts") => match joined(json_path::find(object, ".spec.rules[*].host")) {
            hosts if hosts.is_empty() => "*".into(),
            hosts => hosts.into(),
        },
        ("Ingress", "Address") => joined(addresses(object)).into(),
        ("Service", "External-IP") => match joined(addresses(object)) {
            none if none.is_empty() && spec["type"] == "LoadBalancer" => "<pending>".into(),
            none if none.is_empty() => "<none>".into(),
            addresses => addresses.into(),
        },
        ("Service", "Port(s)") => {
            let ports = spec["ports"].as_array().into_iter().flatten();
            let ports = ports.map(|port| {
                format!("{}/{}", port["port"], port["protocol"].as_str().unwrap_or("TCP"))
            });
            ports.collect::<Vec<_>>().join(",").into()
        }
        ("Ingress", "Ports") => if spec["tls"].is_null() { "80" } else { "80, 443" }.into(),
        ("IngressClass", "Parameters") => match &spec["parameters"] {
            Value::Null => "<none>".into(),
            to => {
                let text = |field: &str| to[field].as_str().unwrap_or_default();
                let dot = if text("apiGroup").is_empty() { "" } else { "." };
                let (kind, group, name) = (text("kind"), text("apiGroup"), text("name"));
                format!("{kind}{dot}{group}/{name}").into()
            }
        },
        ("Event", "Object") => {
            let about = &object["involvedObject"];
            let text = |field: &str| about[field].as_str().unwrap_or_default();
            format!("{}/{}", text("kind").to_lowercase(), text("name")).into()
        }
        _ => Value::Null,
    }
}

/// Those that the object's load balancer publishes.
fn addresses(object: &Value) -> Vec<&Value> {
    let published = object["status"]["loadBalancer"]["ingress"].as_array();
    published
        .into_iter()
        .flatten()
        .map(|published| match &published["ip"] {
            Value::Null => &published["hostname"],
            ip => ip,
        })
        .collect()
}

/// As `kubectl` writes ages, but for its finer steps: `45s`, `12m`, `7h`, `30d`.
fn age(time: &Value, now: Timestamp) -> String {
    let Some(time) = time.as_str().and_then(|text| text.parse::<Timestamp>().ok()) else {
        return "<unknown>".into();
    };
    match now.as_second() - time.as_second() {
        seconds @ ..120 => format!("{}s", seconds.max(0)),
        seconds @ ..7200 => format!("{}m", seconds / 60),
        seconds @ ..172_800 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86400),
    }
}
