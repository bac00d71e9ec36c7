//! What a certificate says of its holder, beside who signed it.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use model::ClientAuth;
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The parts that can be asked for.
pub struct Identity<'a> {
    der: &'a [u8],
    parsed: X509Certificate<'a>,
}

impl<'a> Identity<'a> {
    /// `None` for what cannot be read.
    pub fn of(certificate: &'a CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        Some(Self { der: certificate, parsed })
    }

    /// Whether one of its alternative names is among the wanted; always where none is wanted.
    pub fn has_a_name_of(&self, wanted: &[Box<str>]) -> bool {
        if wanted.is_empty() {
            return true;
        }
        // Two of the extension are an error, and then no name counts.
        let Ok(Some(names)) = self.parsed.subject_alternative_name() else { return false };
        names.value.general_names.iter().any(|name| wanted.iter().any(|text| is(name, text)))
    }

    /// Its SubjectPublicKeyInfo.
    pub fn key(&self) -> &[u8] {
        self.parsed.public_key().raw
    }

    /// Whether it, or its key, is among the pinned; always where nothing is.
    pub fn is_pinned_by(&self, wanted: &ClientAuth) -> bool {
        let (keys, certificates) = (&wanted.key_pins, &wanted.certificate_pins);
        (keys.is_empty() && certificates.is_empty())
            || has(keys, self.key())
            || has(certificates, self.der)
    }
}

fn has(pins: &[[u8; 32]], content: &[u8]) -> bool {
    !pins.is_empty() && pins.iter().any(|pin| *pin == digest(&SHA256, content).as_ref())
}

fn is(name: &GeneralName<'_>, wanted: &str) -> bool {
    match name {
        GeneralName::DNSName(name) => name.eq_ignore_ascii_case(wanted),
        GeneralName::URI(uri) => *uri == wanted,
        GeneralName::IPAddress(bytes) => wanted.parse().is_ok_and(|wanted| match wanted {
            IpAddr::V4(address) => *bytes == address.octets(),
            IpAddr::V6(address) => *bytes == address.octets(),
        }),
        _ => false,
    }
}
