//! The place of an Ingress in its group: `order`, then namespace and name.

use model::{ObjectRef, Reason};

use super::super::annotations::Annotations;
use crate::dialect::Problem;

pub(super) const DEFAULT: u16 = 10;

/// Reads `albconfig.order` or `order`. The first words of the errors are the vendor's.
pub(super) fn read(annotations: &Annotations<'_>, object: &ObjectRef) -> Result<u16, Problem> {
    let key = ["albconfig.order", "order"].into_iter().find(|key| annotations.named(key).is_some());
    let Some((key, text)) = key.and_then(|key| Some((key, annotations.named(key)?))) else {
        return Ok(DEFAULT);
    };
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let message = match text.parse::<i64>() {
        Ok(order @ 1..=1000) => return Ok(u16::try_from(order).unwrap_or(DEFAULT)),
        Ok(order) => format!(
            "explicit Ingress group order must be within [1:1000], Ingress: {namespace}/{}, order: {order}: write a number from 1 to 1000",
            object.name
        ),
        Err(_) => format!(
            "failed to load Ingress group order for ingress: {namespace}/{}: {text:?} is no number: write a number from 1 to 1000",
            object.name
        ),
    };
    Err(Problem::rejection(Reason::InvalidAnnotation, annotations.field(key), message))
}
