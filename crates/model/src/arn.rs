//! Names of things in AWS.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An Amazon Resource Name, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn(Arc<str>);

impl Arn {
    /// `None`: the text has another shape.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let is_arn = parts.next() == Some("arn");
        let fits = |c: char| c.is_ascii_graphic() && c != ',';
        (is_arn && parts.count() == 5 && text.chars().all(fits)).then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `acm`, `elasticloadbalancing`.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// Empty for what is in no region.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// `certificate/12345678-…`, `listener/app/shop/…/…`.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    fn part(&self, nth: usize) -> &str {
        self.0.splitn(6, ':').nth(nth).unwrap_or_default()
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Arn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Arn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("no ARN"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_arn_are_told_apart() {
        let text = "arn:aws-cn:elasticloadbalancing:cn-north-1:123456789012:listener/app/a:b/1/2";
        let arn = Arn::parse(text).unwrap();
        assert_eq!(arn.service(), "elasticloadbalancing");
        assert_eq!((arn.region(), arn.account()), ("cn-north-1", "123456789012"));
        assert_eq!(arn.resource(), "listener/app/a:b/1/2");
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["", "756-cn", "arn:aws:acm:x:1", "urn:aws:acm:x:1:certificate/a"] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
        assert_eq!(Arn::parse("arn:aws:acm:x:1:certificate/a b"), None);
    }
}
