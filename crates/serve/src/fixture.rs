//! Certificates for unit tests.

use std::sync::Arc;

use model::{
    Binding, BindingStatus, Certificate, CertificateId, CertificateList, CertificateSource,
};
use testkit::pki::TestCa;

pub fn certificate(name: &str) -> Arc<Certificate> {
    let pair = TestCa::new("root").leaf(&[name]);
    let read =
        x509::Reader::default().read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes());
    Arc::new(read.expect("test pairs are good"))
}

/// The same names and dates with a key that is none; `x509` would not let it through.
pub fn unusable(name: &str) -> Arc<Certificate> {
    let good = Arc::into_inner(certificate(name)).expect("it was made here");
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(vec![0x30, 0x00]);
    Arc::new(Certificate { key: model::PrivateKey::new(key.into()), ..good })
}

/// The first is the Default.
pub fn list(certificates: &[(&str, &Arc<Certificate>)]) -> CertificateList {
    let bindings = certificates.iter().enumerate().map(|(position, (id, certificate))| Binding {
        id: CertificateId::store(id),
        is_default: position == 0,
        source: CertificateSource::Secret,
        status: BindingStatus::Associated,
        certificate: Some(Arc::clone(certificate)),
    });
    CertificateList { bindings: bindings.collect() }
}
