//! A CA that signs for as long as it is told to, with serial numbers that never repeat.

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
};
use time::OffsetDateTime;

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
    signed: u64,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("P-256 keys can be made");
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).expect("a root's parameters are complete").pem();
        Self { issuer: Issuer::new(params, key), pem, signed: 0 }
    }

    /// A leaf, its serial number in hex with colons, as ACM writes it.
    pub(crate) fn sign(
        &mut self,
        names: &[String],
        key: &KeyPair,
        (not_before, not_after): (Timestamp, Timestamp),
    ) -> (String, String) {
        self.signed += 1;
        let serial = 0x0100_0000_0000_0000 + self.signed;
        let mut params = CertificateParams::new(names).expect("names were checked");
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = names.first() {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params.serial_number = Some(SerialNumber::from(serial));
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (params.not_before, params.not_after) = (at(not_before), at(not_after));
        let pem = params.signed_by(key, &self.issuer).expect("parameters are complete").pem();
        let serial: Vec<String> =
            serial.to_be_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        (pem, serial.join(":"))
    }
}

impl Authority {
    /// A leaf for servers, with the names and the key of a request; `None` if that is malformed.
    pub(crate) fn sign_request(
        &mut self,
        csr_pem: &str,
        (not_before, not_after): (Timestamp, Timestamp),
    ) -> Option<String> {
        let mut request = CertificateSigningRequestParams::from_pem(csr_pem).ok()?;
        self.signed += 1;
        request.params.serial_number = Some(SerialNumber::from(self.signed));
        request.params.use_authority_key_identifier_extension = true;
        request.params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (request.params.not_before, request.params.not_after) = (at(not_before), at(not_after));
        Some(request.signed_by(&self.issuer).ok()?.pem())
    }
}

fn at(moment: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(moment.as_second()).expect("tests stay in the calendar")
}
