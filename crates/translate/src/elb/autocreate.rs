//! `autocreate`: the load balancer that CCE would buy. Here it is a name; the rest describes a
//! cloud instance.

use super::json;
use crate::{
    dialect::{Problems, did_you_mean, nearest},
    route::Reader,
};
use model::Reason;

const KEY: &str = "autocreate";

/// Of a cloud instance only.
const NOT_APPLICABLE: &[&str] = &[
    "bandwidth_name",
    "bandwidth_chargemode",
    "bandwidth_size",
    "bandwidth_sharetype",
    "eip_type",
    "vip_subnet_cidr_id",
    "ipv6_vip_virsubnet_id",
    "elb_virsubnet_ids",
    "vip_address",
    "available_zone",
    "l4_flavor_name",
    "l7_flavor_name",
];

/// What it asks for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct AutoCreate {
    pub name: Option<Box<str>>,
    /// `type: public`; the default is an inner one.
    pub is_public: bool,
}

/// `None` where it is absent or cannot be used.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<AutoCreate> {
    let value = json::parse(reader, KEY)?;
    let Some(mut fields) = json::open(reader, KEY, "LoadBalancer", &value) else {
        if value.is_null() {
            reader.reject(KEY, "null asks for nothing: write {\"name\": \"…\"}");
        }
        return None;
    };
    let mut faults = Problems::default();
    let name = fields.text("name", &mut faults);
    let kind = fields.text("type", &mut faults);
    let is_readable = !faults.has_rejection();
    reader.problems.append(faults);
    let (name_path, type_path) = (fields.path_of("name"), fields.path_of("type"));
    let idle = NOT_APPLICABLE.iter().filter(|key| fields.asks_for(key));
    reader.idle.extend(idle.map(|key| format!("{KEY}.{key}")));
    fields.accept(NOT_APPLICABLE);
    fields.finish(&mut reader.problems);
    let problems = &mut reader.problems;
    let reason = Reason::InvalidAnnotation;
    if let Some(name) = name.filter(|name| !is_name(name)) {
        let text = format!("{name:?} is no name: use 1 to 64 letters, digits, '_', '-' or '.'");
        problems.reject(reason, name_path, text);
        return None;
    }
    if let Some(kind) = kind.filter(|kind| !["public", "inner"].contains(kind)) {
        let cure = did_you_mean(nearest(kind, ["public", "inner"]));
        let text = format!("type {kind:?} is unknown: write public or inner; {cure}");
        problems.reject(reason, type_path, text);
        return None;
    }
    is_readable.then(|| AutoCreate { name: name.map(Box::from), is_public: kind == Some("public") })
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}
