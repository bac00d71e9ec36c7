//! Distinguished names in DER, taken over byte for byte but for the one part that changes.

use x509_parser::{
    prelude::FromDer as _,
    x509::{AttributeTypeAndValue, X509Name},
};

use super::der::{sequence, set, tagged};

const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];

/// The name with another common name; where it has none, one more part.
pub(super) fn with_common_name(name: &[u8], common_name: &str) -> Vec<u8> {
    let Ok((_, parsed)) = X509Name::from_der(name) else { return self::common_name(common_name) };
    let mut is_replaced = false;
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for part in parsed.iter_rdn() {
        let attributes: Vec<Vec<u8>> = part
            .iter()
            .map(|attribute| match is_common_name(attribute) {
                true => {
                    is_replaced = true;
                    self::attribute(common_name)
                }
                false => unchanged(attribute),
            })
            .collect();
        parts.push(set(&attributes.iter().map(Vec::as_slice).collect::<Vec<_>>()));
    }
    if !is_replaced {
        parts.push(set(&[&attribute(common_name)]));
    }
    sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// A name of nothing but a common name.
pub(super) fn common_name(text: &str) -> Vec<u8> {
    sequence(&[&set(&[&attribute(text)])])
}

fn attribute(text: &str) -> Vec<u8> {
    sequence(&[&COMMON_NAME, &tagged(0x0c, text.as_bytes())])
}

fn is_common_name(attribute: &AttributeTypeAndValue<'_>) -> bool {
    attribute.attr_type().as_bytes() == &COMMON_NAME[2..]
}

fn unchanged(attribute: &AttributeTypeAndValue<'_>) -> Vec<u8> {
    let value = attribute.attr_value();
    // Values of attributes are strings, whose tags are below 31.
    let value = tagged(value.tag().0 as u8, value.data);
    sequence(&[&tagged(0x06, attribute.attr_type().as_bytes()), &value])
}
