//! A PKI for tests: roots, intermediates and leaves of every kind a test asks for. The keys are
//! made anew in each process, except one RSA key of 1024 bits that no library makes any more.

mod revocation;
mod weak;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::SignedDuration;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

pub use weak::rsa_1024;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A certificate authority that signs whatever a test asks for.
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: CertificateDer<'static>,
    /// PEM of every intermediate between a leaf and the root, nearest first.
    intermediates: String,
}

impl TestCa {
    /// A root with a new P-256 key.
    pub fn new(name: &str) -> Self {
        let key = KeyKind::P256.make();
        let params = ca_params(name);
        let certificate = params.self_signed(&key).expect("parameters of a root are complete");
        Self {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            intermediates: String::new(),
            issuer: Issuer::new(params, key),
        }
    }

    /// An authority below this one; the chains it issues carry its certificate.
    pub fn intermediate(&self, name: &str) -> Self {
        let key = KeyKind::P256.make();
        let params = ca_params(name);
        let certificate =
            params.signed_by(&key, &self.issuer).expect("parameters of an authority are complete");
        Self {
            pem: certificate.pem(),
            der: certificate.der().clone(),
            intermediates: certificate.pem() + &self.intermediates,
            issuer: Issuer::new(params, key),
        }
    }

    /// A leaf for these DNS names or IP addresses.
    pub fn issue(&self, names: &[&str], options: LeafOptions) -> Issued {
        let key = options.key.make();
        let mut params =
            CertificateParams::new(names.iter().map(|&n| n.into()).collect::<Vec<_>>())
                .expect("test names are valid IA5 strings");
        params.distinguished_name = DistinguishedName::new();
        let common_name = match &options.common_name {
            CommonName::FirstName => names.first().copied(),
            CommonName::Is(name) => Some(name.as_str()),
            CommonName::Absent => None,
        };
        if let Some(name) = common_name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        let serial = next_serial();
        params.serial_number = Some(serial.clone());
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match options.client {
            false => ExtendedKeyUsagePurpose::ServerAuth,
            true => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        if options.must_staple {
            // SEQUENCE { INTEGER 5 }: `status_request`.
            let content = vec![0x30, 0x03, 0x02, 0x01, 0x05];
            let extension =
                CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], content);
            params.custom_extensions.push(extension);
        }
        params.not_before = date_time_ymd(1970, 1, 1) + until(options.not_before);
        params.not_after = date_time_ymd(1970, 1, 1) + until(options.not_after);
        let certificate =
            params.signed_by(&key, &self.issuer).expect("parameters of a leaf are complete");
        Issued {
            chain_pem: certificate.pem() + &self.intermediates,
            cert_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            serial: serial.to_bytes(),
        }
    }

    /// A P-256 leaf of 90 days for these names.
    pub fn leaf(&self, names: &[&str]) -> Issued {
        self.issue(names, LeafOptions::default())
    }

    /// The authority's own certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// Its key, for who is to sign in its name.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }
}

/// What a leaf should be like; the default is a P-256 server certificate, an hour old and good
/// for 90 days, whose CN is its first name.
#[derive(Clone, Debug)]
pub struct LeafOptions {
    pub key: KeyKind,
    /// From now; negative is the past.
    pub not_before: SignedDuration,
    /// From now; negative makes it expired.
    pub not_after: SignedDuration,
    pub common_name: CommonName,
    /// For client authentication instead of server authentication.
    pub client: bool,
    /// Demand a stapled OCSP response (RFC 7633).
    pub must_staple: bool,
}

impl Default for LeafOptions {
    fn default() -> Self {
        Self {
            key: KeyKind::P256,
            not_before: SignedDuration::from_hours(-1),
            not_after: DAY * 90,
            common_name: CommonName::FirstName,
            client: false,
            must_staple: false,
        }
    }
}

impl LeafOptions {
    pub fn key(key: KeyKind) -> Self {
        Self { key, ..Self::default() }
    }

    /// Expired a day ago.
    pub fn expired() -> Self {
        Self { not_before: DAY * -90, not_after: -DAY, ..Self::default() }
    }

    /// Begins tomorrow.
    pub fn not_yet_valid() -> Self {
        Self { not_before: DAY, ..Self::default() }
    }

    /// Good for this long from now.
    pub fn expiring_in(not_after: SignedDuration) -> Self {
        Self { not_after, ..Self::default() }
    }

    pub fn without_common_name() -> Self {
        Self { common_name: CommonName::Absent, ..Self::default() }
    }

    pub fn client() -> Self {
        Self { client: true, ..Self::default() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommonName {
    FirstName,
    Is(String),
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    P256,
    P384,
    /// One key a process: making it takes a second in a debug build.
    Rsa2048,
    Ed25519,
}

impl KeyKind {
    fn make(self) -> KeyPair {
        let algorithm = match self {
            Self::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Self::Ed25519 => &rcgen::PKCS_ED25519,
            Self::Rsa2048 => {
                static RSA: OnceLock<Arc<str>> = OnceLock::new();
                let pem = RSA.get_or_init(|| {
                    let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256);
                    key.expect("aws-lc-rs makes RSA keys").serialize_pem().into()
                });
                return KeyPair::from_pem(pem).expect("it was written by the same library");
            }
        };
        KeyPair::generate_for(algorithm).expect("aws-lc-rs makes keys of this kind")
    }
}

/// A leaf with its key, as PEM.
#[derive(Clone)]
pub struct Issued {
    /// The leaf alone.
    pub cert_pem: String,
    /// The leaf, then the intermediates; never the root.
    pub chain_pem: String,
    pub key_pem: String,
    /// Its number, big-endian.
    pub serial: Vec<u8>,
}

impl Issued {
    /// The leaf's DER: what a handshake shows first.
    pub fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.cert_pem.as_bytes()).expect("written as PEM")
    }

    pub fn chain_der(&self) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(self.chain_pem.as_bytes())
            .collect::<Result<_, _>>()
            .expect("written as PEM")
    }

    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes()).expect("written as PEM")
    }
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(next_serial());
    params.not_before = date_time_ymd(1970, 1, 1) + until(DAY * -365);
    params.not_after = date_time_ymd(1970, 1, 1) + until(DAY * 3650);
    params
}

/// Distinct in one process and, but for chance, across processes. Without it certificates on the
/// cached RSA key would share one.
fn next_serial() -> SerialNumber {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_nanos());
    let mut bytes = vec![0x01];
    bytes.extend((nanos as u64).to_be_bytes());
    bytes.extend(NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    SerialNumber::from(bytes)
}

/// From 1970 until `offset` from now.
fn until(offset: SignedDuration) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    Duration::from_secs(now.as_secs().saturating_add_signed(offset.as_secs()))
}

#[cfg(test)]
mod tests;
