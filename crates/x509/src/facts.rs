//! What one certificate says of itself (RFC 5280).

use jiff::Timestamp;
use model::{KeyAlgorithm, Name};
use rustls_pki_types::CertificateDer;
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    public_key::PublicKey,
    x509::X509Name,
};

use crate::PairProblem;

/// The parsed leaf and what its key is.
pub(crate) struct Facts<'a> {
    pub(crate) certificate: X509Certificate<'a>,
    pub(crate) algorithm: KeyAlgorithm,
}

/// Parses one certificate, the `position`-th of its file counted from 1.
pub(crate) fn parse<'a>(
    der: &'a CertificateDer<'_>,
    position: usize,
) -> Result<X509Certificate<'a>, PairProblem> {
    match x509_parser::parse_x509_certificate(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok((rest, _)) => Err(PairProblem::crt(format!(
            "has {} bytes of garbage after the DER of certificate {position}: export it again",
            rest.len()
        ))),
        Err(_) => Err(PairProblem::crt(format!(
            "is no X.509 certificate at position {position}: export it again as PEM"
        ))),
    }
}

impl<'a> Facts<'a> {
    pub(crate) fn of(der: &'a CertificateDer<'_>, position: usize) -> Result<Self, PairProblem> {
        let certificate = parse(der, position)?;
        let algorithm = algorithm(&certificate)?;
        Ok(Self { certificate, algorithm })
    }

    /// The public key, in the form that a key pair of the same algorithm exports.
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.certificate.public_key().subject_public_key.data
    }

    /// DNS names of the subjectAltName; of a certificate without any, its common name. What is
    /// no DNS name is left out, since no client could ask for it.
    pub(crate) fn names(&self) -> Vec<Name> {
        let mut names = Vec::new();
        let mut has_dns_names = false;
        for extension in self.certificate.extensions() {
            let ParsedExtension::SubjectAlternativeName(san) = extension.parsed_extension() else {
                continue;
            };
            for general in &san.general_names {
                let GeneralName::DNSName(text) = general else { continue };
                has_dns_names = true;
                add(&mut names, text);
            }
        }
        if !has_dns_names {
            let common_names = self.certificate.subject().iter_common_name();
            for text in common_names.filter_map(|name| name.as_str().ok()) {
                add(&mut names, text);
            }
        }
        names.shrink_to_fit();
        names
    }

    pub(crate) fn subject(&self) -> String {
        printable(self.certificate.subject())
    }

    pub(crate) fn issuer(&self) -> String {
        printable(self.certificate.issuer())
    }

    pub(crate) fn serial(&self) -> String {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        let raw = self.certificate.raw_serial();
        let digits = raw.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(raw);
        let mut text = String::with_capacity(digits.len() * 2);
        for byte in digits {
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
        text
    }

    pub(crate) fn validity(&self) -> Result<(Timestamp, Timestamp), PairProblem> {
        let validity = self.certificate.validity();
        let read = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_second(time.timestamp()).map_err(|_| {
                PairProblem::crt("has a date outside the years 1 to 9999: have it issued anew")
            })
        };
        Ok((read(validity.not_before)?, read(validity.not_after)?))
    }
}

fn add(names: &mut Vec<Name>, text: &str) {
    if let Ok(name) = Name::parse(text)
        && !names.contains(&name)
    {
        names.push(name);
    }
}

/// A name as one line for people; a name may hold any character, terminals should not.
pub(crate) fn printable(name: &X509Name<'_>) -> String {
    let mut text = name.to_string();
    if text.contains(char::is_control) {
        text = text.replace(char::is_control, "\u{fffd}");
    }
    text.shrink_to_fit();
    text
}

/// Which key the certificate is for, if it is one that rustls can sign with.
fn algorithm(certificate: &X509Certificate<'_>) -> Result<KeyAlgorithm, PairProblem> {
    let info = certificate.public_key();
    let oid = info.algorithm.algorithm.to_id_string();
    match oid.as_str() {
        "1.2.840.113549.1.1.1" => match info.parsed() {
            Ok(PublicKey::RSA(key)) => rsa(key.modulus),
            _ => Err(PairProblem::crt("has a broken RSA key: have it issued anew")),
        },
        "1.2.840.10045.2.1" => {
            let curve = info.algorithm.parameters.as_ref();
            let curve = curve.and_then(|any| any.as_oid().ok()).map(|oid| oid.to_id_string());
            if info.subject_public_key.data.first() != Some(&4) {
                return Err(unsupported("an ECDSA key in compressed form"));
            }
            match curve.as_deref() {
                Some("1.2.840.10045.3.1.7") => Ok(KeyAlgorithm::EcdsaP256),
                Some("1.3.132.0.34") => Ok(KeyAlgorithm::EcdsaP384),
                Some("1.3.132.0.35") => Ok(KeyAlgorithm::EcdsaP521),
                Some("1.2.156.10197.1.301") => Err(unsupported("an SM2 key")),
                Some(curve) => Err(unsupported(&format!("an ECDSA key on curve {curve}"))),
                None => Err(unsupported("an ECDSA key without a named curve")),
            }
        }
        "1.3.101.112" => Ok(KeyAlgorithm::Ed25519),
        "1.2.840.10040.4.1" => Err(unsupported("a DSA key")),
        "1.2.840.113549.1.1.10" => Err(unsupported("a key for RSA-PSS only")),
        "1.3.101.113" => Err(unsupported("an Ed448 key")),
        _ => Err(unsupported(&format!("a key of algorithm {oid}"))),
    }
}

/// 2048 bits at least (CA/Browser Forum Baseline Requirements 6.1.5), 8192 at most, the range
/// that the TLS library takes.
fn rsa(modulus: &[u8]) -> Result<KeyAlgorithm, PairProblem> {
    let zeros = modulus.iter().take_while(|&&byte| byte == 0).count();
    let digits = &modulus[zeros..];
    let leading = digits.first().map_or(0, |byte| byte.leading_zeros() as usize);
    match digits.len() * 8 - leading {
        bits @ 2048..=8192 => Ok(KeyAlgorithm::Rsa { bits: bits as u32 }),
        bits => Err(PairProblem::crt(format!(
            "is for an RSA key of {bits} bits, 2048 to 8192 can be served: make a new key, for \
             example ECDSA P-256, and have the certificate issued anew"
        ))),
    }
}

fn unsupported(what: &str) -> PairProblem {
    PairProblem::crt(format!(
        "is for {what}, which cannot be served: use RSA (2048 to 8192 bits), ECDSA (P-256, P-384, \
         P-521) or Ed25519"
    ))
}
