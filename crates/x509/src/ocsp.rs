//! An OCSP response that is to be stapled (RFC 6960): is it one, and is it for this certificate?
//!
//! Not checked: its signature and dates, which are the business of clients.

use model::Certificate;
use x509_parser::asn1_rs::{Any, Class, Enumerated, FromDer, OctetString, Oid, Tag, oid};

use crate::{MAX_FIELD, PairProblem, facts};

/// `response` is DER. A client refuses a handshake whose response it cannot use, so that one
/// which does not pass here is better left out.
pub fn check_staple(response: &[u8], certificate: &Certificate) -> Result<(), PairProblem> {
    if response.len() > MAX_FIELD {
        return Err(PairProblem::staple(format!(
            "has {} bytes, {MAX_FIELD} at most are read: fetch it anew",
            response.len()
        )));
    }
    let basic = basic_response(response)?;
    let leaf = facts::parse(&certificate.leaf, 1)?;
    let serials = serials(&basic).ok_or_else(garbage)?;
    match serials.iter().any(|serial| *serial == leaf.raw_serial()) {
        true => Ok(()),
        false => Err(PairProblem::staple(
            "is for another certificate: fetch the one for this certificate's serial number",
        )),
    }
}

/// The BasicOCSPResponse within an OCSPResponse that says `successful`.
fn basic_response(response: &[u8]) -> Result<Vec<u8>, PairProblem> {
    let (rest, response) = Any::from_der(response).map_err(|_| garbage())?;
    if !rest.is_empty() || response.tag() != Tag::Sequence {
        return Err(garbage());
    }
    let (rest, status) = Enumerated::from_der(response.data).map_err(|_| garbage())?;
    if status.0 != 0 {
        return Err(PairProblem::staple(format!(
            "says that the responder failed (status {}): fetch it anew",
            status.0
        )));
    }
    let read = || {
        let (_, bytes) = tagged(rest, 0)?;
        let (_, bytes) = sequence(bytes)?;
        let (bytes, kind) = Oid::from_der(bytes).ok()?;
        let is_basic = kind == oid!(1.3.6.1.5.5.7.48.1.1);
        let (_, basic) = OctetString::from_der(bytes).ok()?;
        is_basic.then(|| basic.into_cow().into_owned())
    };
    read().ok_or_else(garbage)
}

/// Of the certificates that the response speaks of.
fn serials(basic: &[u8]) -> Option<Vec<&[u8]>> {
    let (_, basic) = sequence(basic)?;
    let (_, mut data) = sequence(basic)?;
    // An optional version, then whoever responds ([1] by name, [2] by key) and when.
    if let Some((rest, _)) = tagged(data, 0) {
        data = rest;
    }
    let (data, _responder) = tagged(data, 1).or_else(|| tagged(data, 2))?;
    let (data, _produced_at) = element(data, Tag::GeneralizedTime)?;
    let (_, mut responses) = sequence(data)?;
    let mut serials = Vec::new();
    while !responses.is_empty() {
        let (rest, single) = sequence(responses)?;
        let (_, id) = sequence(single)?;
        let (id, _algorithm) = sequence(id)?;
        let (id, _issuer_name) = element(id, Tag::OctetString)?;
        let (id, _issuer_key) = element(id, Tag::OctetString)?;
        serials.push(element(id, Tag::Integer)?.1);
        responses = rest;
    }
    Some(serials)
}

/// What follows, and the content of an element of this tag.
fn element(bytes: &[u8], tag: Tag) -> Option<(&[u8], &[u8])> {
    let (rest, any) = Any::from_der(bytes).ok()?;
    (any.class() == Class::Universal && any.tag() == tag).then_some((rest, any.data))
}

fn sequence(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    element(bytes, Tag::Sequence)
}

/// As [`element`], for `[number]`.
fn tagged(bytes: &[u8], number: u32) -> Option<(&[u8], &[u8])> {
    let (rest, any) = Any::from_der(bytes).ok()?;
    (any.class() == Class::ContextSpecific && any.tag() == Tag(number)).then_some((rest, any.data))
}

fn garbage() -> PairProblem {
    PairProblem::staple("is no OCSP response in DER: fetch it with `openssl ocsp -respout FILE`")
}
