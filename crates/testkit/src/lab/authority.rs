//! The authorities and leaves of a cluster as ACK's installer leaves them: leaves that outlive
//! their authorities by far.

use std::{
    net::Ipv4Addr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::SignedDuration;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};

const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// How long certificates of the lab are good for, from now.
#[derive(Clone, Copy, Debug)]
pub struct Ages {
    pub authority: SignedDuration,
    pub leaf: SignedDuration,
}

impl Default for Ages {
    /// What ACK's installer makes, most of five years later.
    fn default() -> Self {
        Self { authority: SignedDuration::from_hours(24 * 54), leaf: YEAR * 45 }
    }
}

/// An authority with its key.
pub struct Authority {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, both PEM.
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

/// Whom a leaf is for, and what.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub name: &'a str,
    /// Empty: none.
    pub organization: &'a str,
    pub names: &'a [&'a str],
    pub addresses: &'a [Ipv4Addr],
    pub usages: &'a [ExtendedKeyUsagePurpose],
}

/// Nobody yet, on both sides of a connection.
pub const BOTH_SIDES: Subject<'static> = Subject {
    name: "",
    organization: "",
    names: &[],
    addresses: &[],
    usages: &[ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth],
};

impl<'a> Subject<'a> {
    pub fn client(name: &'a str) -> Self {
        Self { name, usages: &[ExtendedKeyUsagePurpose::ClientAuth], ..BOTH_SIDES }
    }

    pub fn of(self, organization: &'a str) -> Self {
        Self { organization, ..self }
    }
}

impl Authority {
    pub fn new(name: &str, good_for: SignedDuration) -> Self {
        let key = KeyPair::generate().expect("aws-lc-rs makes keys");
        let mut params = params(name, good_for);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).expect("the parameters are whole");
        Self { pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// The one whose certificate and key these are, both PEM.
    pub fn of(pem: &str, key: &str) -> Self {
        let key = KeyPair::from_pem(key).expect("it is a key");
        let issuer = Issuer::from_ca_cert_pem(pem, key).expect("it is an authority");
        Self { pem: pem.to_owned(), issuer }
    }

    pub fn key(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A leaf for both sides of a connection, as etcd's are.
    pub fn leaf(
        &self,
        name: &str,
        organization: Option<&str>,
        addresses: &[Ipv4Addr],
        names: &[&str],
        good_for: SignedDuration,
    ) -> Pair {
        let organization = organization.unwrap_or_default();
        self.issue(&Subject { name, organization, names, addresses, ..BOTH_SIDES }, good_for)
    }

    pub fn issue(&self, subject: &Subject<'_>, good_for: SignedDuration) -> Pair {
        let Subject { name, organization, names, addresses, usages } = *subject;
        let key = KeyPair::generate().expect("aws-lc-rs makes keys");
        let mut params = params(name, good_for);
        if !organization.is_empty() {
            params.distinguished_name.push(DnType::OrganizationName, organization);
        }
        params.use_authority_key_identifier_extension = true;
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = usages.to_vec();
        let addresses = addresses.iter().map(|&address| SanType::IpAddress(address.into()));
        let names = names
            .iter()
            .map(|&name| SanType::DnsName(name.try_into().expect("the lab's names are valid")));
        params.subject_alt_names = addresses.chain(names).collect();
        let certificate = params.signed_by(&key, &self.issuer).expect("the parameters are whole");
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// Begun five years ago.
fn params(name: &str, good_for: SignedDuration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let at = |offset: SignedDuration| {
        date_time_ymd(1970, 1, 1)
            + Duration::from_secs(now.as_secs().saturating_add_signed(offset.as_secs()))
    };
    params.not_before = at(YEAR * -5);
    params.not_after = at(good_for);
    params
}
