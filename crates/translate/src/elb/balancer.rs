//! Which load balancer an object belongs to.

use std::sync::Arc;

use model::ObjectRef;

use super::autocreate;
use crate::{
    dialect::{did_you_mean, nearest},
    route::Reader,
};

/// `elb.class`: shared or dedicated hardware. It decides which annotations CCE allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Union,
    Performance,
}

/// The load balancer that an object names.
#[derive(Clone, Debug)]
pub(super) struct Balancer {
    /// Its id, its address, or what it is to be called.
    pub name: Arc<str>,
    pub class: Class,
}

/// `address` is what an object says of it besides annotations. `missing`: what to say where it
/// names none.
pub(super) fn read(
    reader: &mut Reader<'_>,
    object: &ObjectRef,
    address: Option<&str>,
    missing: &str,
) -> Option<Balancer> {
    let class = class(reader);
    let id = reader.text("id");
    let created = autocreate::read(reader);
    let wants_creation = reader.text("autocreate").is_some();
    let name: Arc<str> = match (id, wants_creation, address) {
        (Some(id), true, _) => {
            reader.warn(
                "autocreate",
                format!("id and autocreate are both given: the load balancer {id} is used; CCE would delete it with the last object that uses it: remove autocreate"),
            );
            id.into()
        }
        (Some(id), false, _) => id.into(),
        (None, true, _) => {
            let created = created?;
            let name = created.name.unwrap_or_else(|| created_name(object).into());
            if !created.is_public {
                reader.idle.push(format!(
                    "autocreate.type inner (give {name} an inner address by loadBalancers.{name}.bind)"
                ));
            }
            name.into()
        }
        (None, false, Some(address)) => address.into(),
        (None, false, None) => {
            reader.reject("id", missing);
            return None;
        }
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    if !name.bytes().all(fits) {
        reader.reject("id", format!("{name:?} is no id of a load balancer: write its id alone"));
        return None;
    }
    Some(Balancer { name, class: class? })
}

/// A load balancer that is made for one object and has no name of its own. Namespaces have no
/// dots, so that no two objects come to the same.
fn created_name(object: &ObjectRef) -> String {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    format!("cce-lb-{}.{namespace}.{}", object.kind.to_ascii_lowercase(), object.name)
}

/// The open-source controller for the same cloud has other words under the same key.
fn class(reader: &mut Reader<'_>) -> Option<Class> {
    let (here, there) = match reader.text("class") {
        None | Some("union") => return Some(Class::Union),
        Some("performance") => return Some(Class::Performance),
        Some("shared") => ("union", "shared"),
        Some("dedicated") => ("performance", "dedicated"),
        Some(other) => {
            let cure = did_you_mean(nearest(other, ["union", "performance"]));
            reader.reject(
                "class",
                format!("class {other:?} is unknown: write union or performance; {cure}"),
            );
            return None;
        }
    };
    reader.reject(
        "class",
        format!("class {there} is of cloud-provider-huaweicloud, the open-source controller, whose annotations mean other things; Doorward reads those of CCE: write {here} and see the other annotations through"),
    );
    None
}
