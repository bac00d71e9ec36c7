//! One certificate as a rotation sees it: who it is, who issued it, how long it lasts.
//!
//! Also reads what rustls would not serve (old CAs without extensions, unusual keys): a status
//! must show them, and a plan must be able to replace them.

use std::{collections::BTreeSet, fmt, net::IpAddr};

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    x509::X509Name,
};

#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    pub der: CertificateDer<'static>,
    /// SHA-256 of the DER, lower-case hex.
    pub fingerprint: String,
    /// `CN=etcd-server, O=…` as people read it.
    pub subject: String,
    pub issuer: String,
    pub common_name: Option<String>,
    /// Upper-case hex.
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub is_ca: bool,
    /// How many authorities may stand below this one; `None`: as many as they like.
    pub path_length: Option<u32>,
    /// DNS names and addresses, as text. Other kinds of names are kept but not shown.
    pub names: BTreeSet<String>,
    pub usages: Usages,
    /// Names in DER; issuing is matched on these bytes.
    pub subject_der: Vec<u8>,
    pub issuer_der: Vec<u8>,
    /// The public key's bits, without its algorithm.
    pub public_key: Vec<u8>,
    /// The public key with its algorithm, in DER.
    pub public_info: Vec<u8>,
    pub key_id: Option<Vec<u8>>,
}

/// What the holder may be in a handshake. Without the extension: both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usages {
    pub server: bool,
    pub client: bool,
}

/// A certificate that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no X.509 certificate: {0}")]
pub struct Unreadable(pub String);

impl Certificate {
    pub fn read(der: &CertificateDer<'_>) -> Result<Self, Unreadable> {
        let (rest, parsed) = x509_parser::parse_x509_certificate(der)
            .map_err(|error| Unreadable(error.to_string()))?;
        if !rest.is_empty() {
            return Err(Unreadable(format!("{} bytes follow its end", rest.len())));
        }
        let date = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_second(time.timestamp())
                .map_err(|_| Unreadable("a date is outside the years 1 to 9999".into()))
        };
        let constraints = parsed.basic_constraints().ok().flatten();
        let is_v1 = parsed.extensions().is_empty();
        let is_self_issued = parsed.subject().as_raw() == parsed.issuer().as_raw();
        Ok(Self {
            fingerprint: fingerprint(der),
            subject: printable(parsed.subject()),
            issuer: printable(parsed.issuer()),
            common_name: parsed
                .subject()
                .iter_common_name()
                .last()
                .and_then(|name| name.as_str().ok())
                .map(str::to_owned),
            serial: parsed.raw_serial().iter().map(|byte| format!("{byte:02X}")).collect(),
            not_before: date(parsed.validity().not_before)?,
            not_after: date(parsed.validity().not_after)?,
            is_ca: constraints.as_ref().map_or(is_v1 && is_self_issued, |found| found.value.ca),
            path_length: constraints.and_then(|found| found.value.path_len_constraint),
            names: names(&parsed),
            usages: usages(&parsed),
            subject_der: parsed.subject().as_raw().to_vec(),
            issuer_der: parsed.issuer().as_raw().to_vec(),
            public_key: parsed.public_key().subject_public_key.data.to_vec(),
            public_info: parsed.public_key().raw.to_vec(),
            key_id: key_id(&parsed),
            der: der.clone().into_owned(),
        })
    }

    pub fn is_self_issued(&self) -> bool {
        self.subject_der == self.issuer_der
    }

    /// By name and by signature.
    pub fn is_issued_by(&self, issuer: &Self) -> bool {
        self.issuer_der == issuer.subject_der && {
            let (Ok((_, below)), Ok((_, above))) = (
                x509_parser::parse_x509_certificate(&self.der),
                x509_parser::parse_x509_certificate(&issuer.der),
            ) else {
                return false;
            };
            below.verify_signature(Some(above.public_key())).is_ok()
        }
    }

    /// The same authority, be it in another certificate: name and key are what others trust.
    pub fn is_same_authority(&self, other: &Self) -> bool {
        self.subject_der == other.subject_der && self.public_key == other.public_key
    }

    pub fn is_valid_at(&self, when: Timestamp) -> bool {
        self.not_before <= when && when < self.not_after
    }

    /// For messages: the common name, or all of the subject.
    pub fn name(&self) -> &str {
        self.common_name.as_deref().unwrap_or(&self.subject)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, until {}, {})", self.subject, self.not_after, self.fingerprint)
    }
}

/// SHA-256 in lower-case hex.
pub fn fingerprint(der: &[u8]) -> String {
    crate::digest::sha256(der)
}

fn names(parsed: &X509Certificate<'_>) -> BTreeSet<String> {
    let Ok(Some(found)) = parsed.subject_alternative_name() else { return BTreeSet::new() };
    found.value.general_names.iter().filter_map(name_text).collect()
}

fn name_text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) => Some((*text).to_owned()),
        GeneralName::IPAddress(octets) => {
            let address = <[u8; 4]>::try_from(*octets)
                .map(IpAddr::from)
                .or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

fn usages(parsed: &X509Certificate<'_>) -> Usages {
    match parsed.extended_key_usage() {
        Ok(Some(found)) => Usages {
            server: found.value.server_auth || found.value.any,
            client: found.value.client_auth || found.value.any,
        },
        _ => Usages { server: true, client: true },
    }
}

fn key_id(parsed: &X509Certificate<'_>) -> Option<Vec<u8>> {
    parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
}

/// A name may hold any character; terminals should not.
fn printable(name: &X509Name<'_>) -> String {
    name.to_string().replace(char::is_control, "\u{fffd}")
}
