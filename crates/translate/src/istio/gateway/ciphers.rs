//! `cipherSuites` and the protocol versions of a server.

use std::sync::Arc;

use model::{Reason, TlsVersions};

use crate::dialect::{Fields, Problems, did_you_mean, nearest};

/// OpenSSL's names of what there is here for TLS 1.2, with IANA's numbers (registry "TLS Cipher
/// Suites").
const OFFERED: &[(&str, u16)] = &[
    ("ECDHE-ECDSA-AES128-GCM-SHA256", 0xC02B),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", 0xC02C),
    ("ECDHE-RSA-AES128-GCM-SHA256", 0xC02F),
    ("ECDHE-RSA-AES256-GCM-SHA384", 0xC030),
    ("ECDHE-RSA-CHACHA20-POLY1305", 0xCCA8),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", 0xCCA9),
];

/// What Istio allows besides: without forward secrecy, or with CBC.
const TOO_WEAK: &[&str] = &[
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
];

const LIST: &str = "cipherSuites";

/// `None`: all that there are.
pub(super) fn read(tls: &mut Fields<'_>, problems: &mut Problems) -> Option<Arc<[u16]>> {
    let path = tls.path_of(LIST);
    let written = tls.texts(LIST, problems);
    let mut numbers = Vec::with_capacity(written.len());
    for (index, &name) in written.iter().enumerate() {
        let known = OFFERED.iter().find(|(offered, _)| *offered == name);
        let reason = match known {
            Some((_, number)) if numbers.contains(number) => {
                "is there twice: remove one".to_owned()
            }
            Some((_, number)) => {
                numbers.push(*number);
                continue;
            }
            None if TOO_WEAK.contains(&name) => {
                "is not offered, as it lacks forward secrecy or authenticated encryption: remove it"
                    .to_owned()
            }
            None => {
                let names = OFFERED.iter().map(|(name, _)| *name);
                let cure = did_you_mean(nearest(name, names));
                format!("is no cipher suite that Istio knows and is left out; {cure}")
            }
        };
        let field = format!("{path}[{index}]");
        problems.warn(Reason::NotHonoured, field, format!("{name} {reason}"));
    }
    if numbers.is_empty() && !written.is_empty() {
        let text = "none of these is offered, so all that there are are: name some of them, as ECDHE-ECDSA-AES128-GCM-SHA256";
        problems.warn(Reason::NotHonoured, path, text);
    }
    (!numbers.is_empty()).then(|| numbers.into())
}

/// What there is of TLS is 1.2 and 1.3; `TLS_AUTO` means the same.
pub(super) fn versions(tls: &mut Fields<'_>, problems: &mut Problems) -> TlsVersions {
    let least = version(tls, "minProtocolVersion", problems).unwrap_or(Version::V12);
    let most = version(tls, "maxProtocolVersion", problems).unwrap_or(Version::V13);
    match (least, most) {
        (Version::V12, Version::V13) => TlsVersions::V12AndV13,
        (Version::V12, Version::V12) => TlsVersions::V12,
        (Version::V13, Version::V13) => TlsVersions::V13,
        (Version::V13, Version::V12) => {
            let path = tls.path_of("minProtocolVersion");
            let text = "the lowest version is above the highest: correct one of the two";
            problems.reject(Reason::InvalidField, path, text);
            TlsVersions::V13
        }
    }
}

#[derive(Clone, Copy)]
enum Version {
    V12,
    V13,
}

fn version(tls: &mut Fields<'_>, key: &'static str, problems: &mut Problems) -> Option<Version> {
    const NAMES: [&str; 5] = ["TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"];
    let path = tls.path_of(key);
    match tls.text(key, problems)? {
        "TLS_AUTO" => None,
        "TLSV1_2" => Some(Version::V12),
        "TLSV1_3" => Some(Version::V13),
        old @ ("TLSV1_0" | "TLSV1_1") => {
            let text = format!("{old} is too old to be offered, TLS 1.2 stands in: write TLSV1_2");
            problems.warn(Reason::NotHonoured, path, text);
            Some(Version::V12)
        }
        other => {
            let cure = match nearest(other, NAMES) {
                Some(like) => did_you_mean(Some(like)),
                None => "write TLSV1_2 or TLSV1_3".to_owned(),
            };
            let text = format!("{other:?} is no version of TLS; {cure}");
            problems.reject(Reason::InvalidField, path, text);
            None
        }
    }
}
