//! Certificates that annotations name by their id in the certificate store.

use std::sync::Arc;

use model::CertificateId;

use crate::{claim::TlsMember, dialect::Subject, route::Reader};

/// The ids under `name`, in written order. A text with a slash would be a Secret of any
/// namespace, which nobody may use from here.
pub(super) fn ids(reader: &mut Reader<'_>, name: &str) -> Vec<CertificateId> {
    let mut ids = Vec::new();
    for text in reader.list(name) {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if text.bytes().all(fits) {
            ids.push(CertificateId::store(text));
        } else {
            reader.reject(name, format!("{text:?} is no certificate id: write ids of the certificate store, divided by commas"));
        }
    }
    ids
}

/// The wish of one object for one certificate of the store.
pub(super) fn member(subject: &Subject, field: String, id: CertificateId) -> Arc<TlsMember> {
    Arc::new(TlsMember {
        object: subject.object.clone(),
        origin: subject.origin.clone(),
        field,
        certificate_field: "".into(),
        hosts: Vec::new(),
        certificate: Some(id),
        issuer: None,
        as_one: false,
    })
}
