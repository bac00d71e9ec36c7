//! An order as it is kept: all that a restart needs to go on with it.

use std::sync::Arc;

use jiff::Timestamp;
use model::{CertificateId, Fingerprint, KeyKind, Name};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use zeroize::Zeroizing;

use crate::{Page, Progress, Stage, budget::Kind, spread::fnv1a};

/// One order at one issuer, from its first step until what it left is taken away.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    #[serde(deserialize_with = "id")]
    pub id: CertificateId,
    pub serial: u64,
    /// Who is asked; not always who is wanted.
    pub issuer: Arc<str>,
    #[serde(deserialize_with = "names")]
    pub names: Vec<Name>,
    pub key: KeyKind,
    /// What it has brought. Written down before it is stored: whoever opens the book after a kill
    /// knows it when it shows, and takes nothing away that may still show.
    #[serde(default, deserialize_with = "fingerprint", skip_serializing_if = "Option::is_none")]
    pub brought: Option<Fingerprint>,
    /// What its issuer's limits see in it, at `began`.
    pub kind: Kind,
    pub began: Timestamp,
    pub progress: Progress,
    pub phase: Phase,
    /// Failures in a row of this certificate's orders.
    pub failures: u32,
    /// Not before.
    pub next: Timestamp,
    /// For people.
    pub message: String,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// With the issuer.
    Open(Stage),
    /// It will bring nothing more. What it brought is in use, or may be.
    Over,
}

impl Entry {
    /// What the book calls it: letters, digits, `-`, `_` and `.`, up to 200 of them.
    pub fn page_name(&self) -> String {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let id = self.id.as_str();
        let readable: String =
            id.chars().take(120).map(|c| if fits(c) { c } else { '_' }).collect();
        // The hash tells apart what looks alike, such as `a/b` and `a_b`.
        format!("order_{readable}_{:016x}_{}", fnv1a(id), self.serial)
    }

    pub fn to_page(&self) -> Page {
        // Texts, numbers and the issuer's own JSON: there is nothing to refuse.
        let text = serde_json::to_string(self).expect("a record is plain JSON");
        Page { name: self.page_name(), text: Zeroizing::new(text) }
    }

    /// `None`: the page is something else.
    pub fn from_page(page: &Page) -> Option<Result<Self, serde_json::Error>> {
        page.name.starts_with("order_").then(|| serde_json::from_str(&page.text))
    }
}

fn id<'de, D: Deserializer<'de>>(from: D) -> Result<CertificateId, D::Error> {
    Ok(CertificateId::store(&String::deserialize(from)?))
}

fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Name>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts.iter().map(|text| Name::parse(text).map_err(D::Error::custom)).collect()
}

fn fingerprint<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Fingerprint>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| parse(&text).ok_or_else(|| D::Error::custom("no fingerprint"))).transpose()
}

/// As [`Fingerprint`] is displayed.
fn parse(text: &str) -> Option<Fingerprint> {
    let hex = text.strip_prefix("sha256:")?;
    let mut fingerprint = Fingerprint([0; 32]);
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (index, byte) in fingerprint.0.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(fingerprint)
}

#[cfg(test)]
mod tests;
