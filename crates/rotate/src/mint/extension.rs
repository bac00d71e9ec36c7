//! Extensions (RFC 5280 section 4.2): kept from the pattern, but for what names keys and hosts.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;

use super::{
    MintError,
    der::{octets, sequence, tagged},
};
use crate::certificate::Certificate;

/// Identifiers in DER, without their tag.
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];

const TRUE: &[u8] = &[0x01, 0x01, 0xff];

pub(super) struct Extension {
    id: Vec<u8>,
    is_critical: bool,
    value: Vec<u8>,
}

impl Extension {
    fn new(id: &[u8], is_critical: bool, value: Vec<u8>) -> Self {
        Self { id: id.to_vec(), is_critical, value }
    }

    pub(super) fn der(&self) -> Vec<u8> {
        let critical = if self.is_critical { TRUE } else { &[] };
        sequence(&[&tagged(0x06, &self.id), critical, &octets(&self.value)])
    }
}

/// Exactly those of the pattern.
pub(super) fn all(pattern: &Certificate) -> Vec<Extension> {
    let Some(parsed) = parse(pattern) else { return Vec::new() };
    parsed
        .extensions()
        .iter()
        .map(|found| Extension::new(found.oid.as_bytes(), found.critical, found.value.to_vec()))
        .collect()
}

pub(super) fn of_authority(old: &Certificate, key_id: &[u8]) -> Vec<Extension> {
    let mut kept = all(old);
    kept.retain(|one| {
        ![SUBJECT_KEY_ID, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS].contains(&one.id.as_slice())
    });
    if !kept.iter().any(|one| one.id == KEY_USAGE) {
        // digitalSignature, keyCertSign, cRLSign: what CAs of clusters have.
        kept.push(Extension::new(KEY_USAGE, true, vec![0x03, 0x02, 0x01, 0x86]));
    }
    kept.push(Extension::new(BASIC_CONSTRAINTS, true, sequence(&[TRUE])));
    kept.push(subject_key_id(key_id));
    kept
}

pub(super) fn of_crossed(new: &Certificate, old: &Certificate) -> Vec<Extension> {
    let mut kept = all(new);
    kept.extend(authority_key_id(old));
    kept
}

pub(super) fn of_leaf(
    old: &Certificate,
    added: &[String],
    key_id: &[u8],
    signer: &Certificate,
) -> Result<Vec<Extension>, MintError> {
    let mut kept = all(old);
    kept.retain(|one| one.id != AUTHORITY_KEY_ID);
    for one in &mut kept {
        if one.id == SUBJECT_KEY_ID {
            *one = subject_key_id(key_id);
        }
    }
    if !added.is_empty() {
        let present = kept.iter().position(|one| one.id == ALTERNATIVE_NAMES);
        let (is_critical, mut names) = match present {
            Some(at) => {
                let found = kept.remove(at);
                (found.is_critical, content(&found.value).to_vec())
            }
            None => (false, Vec::new()),
        };
        for name in added {
            names.extend(general_name(name)?);
        }
        kept.push(Extension::new(ALTERNATIVE_NAMES, is_critical, sequence(&[&names])));
    }
    kept.extend(authority_key_id(signer));
    Ok(kept)
}

pub(super) fn of_probe(signer: &Certificate) -> Vec<Extension> {
    const CLIENT: &[u8] = &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
    // digitalSignature.
    let usage = Extension::new(KEY_USAGE, true, vec![0x03, 0x02, 0x07, 0x80]);
    let purpose = Extension::new(EXTENDED_KEY_USAGE, false, sequence(&[CLIENT]));
    [usage, purpose].into_iter().chain(authority_key_id(signer)).collect()
}

fn subject_key_id(key_id: &[u8]) -> Extension {
    Extension::new(SUBJECT_KEY_ID, false, octets(key_id))
}

/// Where the signer says none of its own, there is nothing to point at.
fn authority_key_id(signer: &Certificate) -> Option<Extension> {
    let id = signer.key_id.as_ref()?;
    Some(Extension::new(AUTHORITY_KEY_ID, false, sequence(&[&tagged(0x80, id)])))
}

fn general_name(text: &str) -> Result<Vec<u8>, MintError> {
    match text.parse() {
        Ok(IpAddr::V4(address)) => Ok(tagged(0x87, &address.octets())),
        Ok(IpAddr::V6(address)) => Ok(tagged(0x87, &address.octets())),
        Err(_) if !text.is_empty() && text.is_ascii() => Ok(tagged(0x82, text.as_bytes())),
        Err(_) => Err(MintError::NoName(text.to_owned())),
    }
}

/// What a sequence holds.
fn content(sequence: &[u8]) -> &[u8] {
    use x509_parser::der_parser::asn1_rs::{Any, FromDer as _};
    Any::from_der(sequence).map_or(&[], |(_, any)| any.data)
}

fn parse(pattern: &Certificate) -> Option<X509Certificate<'_>> {
    x509_parser::parse_x509_certificate(&pattern.der).ok().map(|(_, parsed)| parsed)
}
