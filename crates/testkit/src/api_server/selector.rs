//! `labelSelector` and `fieldSelector`: which objects a request is about.
//!
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>,
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/>

use serde_json::Value;

use super::{failure::Failure, resource::Resource};

/// What an object must be like.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

#[derive(Clone, Debug)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

impl Selector {
    pub(super) fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Self, Failure> {
        let fields = split(fields).map(equality).collect::<Result<Vec<_>, _>>()?;
        for field in &fields {
            if !is_selectable(resource, &field.key) {
                let message = format!("field label not supported: {}", field.key);
                return Err(Failure::bad_request(message));
            }
        }
        let labels = split(labels).map(requirement).collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// Whether nothing was asked for in particular.
    pub(super) fn takes_all(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(super) fn takes(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|r| r.test.passes(labels[&r.key].as_str()))
            && self.fields.iter().all(|r| r.test.passes(Some(field(object, &r.key))))
    }
}

impl Test {
    fn passes(&self, value: Option<&str>) -> bool {
        let is_one_of = |values: &[String]| value.is_some_and(|v| values.iter().any(|w| w == v));
        match self {
            Self::In(values) => is_one_of(values),
            Self::NotIn(values) => !is_one_of(values),
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
        }
    }
}

/// At the commas outside parentheses.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

fn equality(text: &str) -> Result<Requirement, Failure> {
    let (key, value, negated) = if let Some((key, value)) = text.split_once("!=") {
        (key, value, true)
    } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (key, value, false)
    } else {
        return Err(Failure::bad_request(format!(
            "invalid selector: '{text}'; can't understand it"
        )));
    };
    let values = vec![value.trim().to_owned()];
    let test = if negated { Test::NotIn(values) } else { Test::In(values) };
    Ok(Requirement { key: key.trim().into(), test })
}

fn requirement(text: &str) -> Result<Requirement, Failure> {
    let set = |list: &str| {
        let list = list.trim().trim_start_matches('(').trim_end_matches(')');
        list.split(',').map(|value| value.trim().to_owned()).collect()
    };
    let (key, test) = if let Some((key, list)) = text.split_once(" notin ") {
        (key, Test::NotIn(set(list)))
    } else if let Some((key, list)) = text.split_once(" in ") {
        (key, Test::In(set(list)))
    } else if text.contains('=') {
        return equality(text);
    } else if let Some(key) = text.strip_prefix('!') {
        (key, Test::Absent)
    } else {
        (text, Test::Exists)
    };
    Ok(Requirement { key: key.trim().into(), test })
}

fn is_selectable(resource: &Resource, field: &str) -> bool {
    let own: &[&str] = match resource.kind.as_str() {
        _ if resource.is_custom() => &[],
        "Secret" => &["type"],
        "Namespace" => &["status.phase"],
        "Pod" => &["spec.nodeName", "status.phase", "status.podIP", "spec.serviceAccountName"],
        "Service" => &["spec.clusterIP", "spec.type"],
        "Event" if resource.group.is_empty() => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "Event" => &[
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "regarding.apiVersion",
            "regarding.resourceVersion",
            "regarding.fieldPath",
            "reason",
            "reportingController",
            "type",
        ],
        _ => &[],
    };
    own.contains(&field)
        || field == "metadata.name"
        || (resource.namespaced && field == "metadata.namespace")
}

/// `""` where the object has no such field. Events are kept in their core form, so the names of
/// the other form are those of the same fields.
fn field<'a>(object: &'a Value, path: &str) -> &'a str {
    let renamed = match path {
        "reportingController" => "reportingComponent".to_owned(),
        "source" => "source.component".to_owned(),
        path => path.replacen("regarding.", "involvedObject.", 1),
    };
    renamed.split('.').fold(object, |value, step| &value[step]).as_str().unwrap_or_default()
}
