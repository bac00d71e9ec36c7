//! Worlds of Secrets for the tests of this crate.

use std::sync::Arc;

use jiff::Timestamp;
use model::{CertificateId, ObjectRef};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use testkit::pki::{Issued, TestCa};
use translate::{
    World,
    world::{Key, Object, Secret, SecretProblem},
};

use crate::{catalogue::Catalogue, reach::Reach};

pub const NAMESPACE: &str = "istio-system";

/// A World that is changed Secret by Secret. Secrets are in [`NAMESPACE`] unless told.
#[derive(Clone, Default)]
pub struct Secrets {
    pub world: World,
}

impl Secrets {
    pub fn put(&mut self, name: &str, pair: &Issued) -> &mut Self {
        self.put_in(NAMESPACE, name, pair)
    }

    pub fn put_in(&mut self, namespace: &str, name: &str, pair: &Issued) -> &mut Self {
        let read = x509::read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes());
        let body = Secret { pair: Ok(Arc::new(read.unwrap())), ..nothing() };
        self.insert(namespace, name, body)
    }

    /// A certificate with another's key: nothing that reads Secrets lets it through, and Envoy
    /// refuses it.
    pub fn put_mismatched(&mut self, name: &str) -> &mut Self {
        let [mut one, other] = ["a.test", "a.test"].map(|host| {
            let pair = leaf(host);
            x509::read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes()).unwrap()
        });
        one.key = other.key;
        self.insert(NAMESPACE, name, Secret { pair: Ok(Arc::new(one)), ..nothing() })
    }

    /// What a broken pair comes in as.
    pub fn break_pair(&mut self, name: &str) -> &mut Self {
        self.insert(NAMESPACE, name, nothing())
    }

    pub fn put_roots(&mut self, name: &str, ca: &TestCa) -> &mut Self {
        let roots = vec![CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()];
        self.insert(NAMESPACE, name, Secret { roots, ..nothing() })
    }

    /// A Secret of the store namespace with this id.
    pub fn put_stored(&mut self, id: &str, pair: &Issued) -> &mut Self {
        self.put_in("doorward-system", "uploaded", pair);
        let key = Key::new("doorward-system", "uploaded");
        let mut body = self.world.secrets[&key].body.clone();
        body.store_id = Some(CertificateId::store(id));
        self.insert("doorward-system", "uploaded", body)
    }

    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.world.secrets.remove(&Key::new(NAMESPACE, name));
        self
    }

    pub fn catalogue(&self) -> Catalogue {
        self.after(&Catalogue::default())
    }

    pub fn after(&self, before: &Catalogue) -> Catalogue {
        before.next(&self.world, Timestamp::now())
    }

    fn insert(&mut self, namespace: &str, name: &str, body: Secret) -> &mut Self {
        let object = Object {
            reference: ObjectRef::namespaced("Secret", namespace, name),
            origin: None,
            created: Timestamp::UNIX_EPOCH,
            sequence: 0,
            body,
        };
        self.world.secrets.insert(Key::new(namespace, name), Arc::new(object));
        self
    }
}

fn nothing() -> Secret {
    let problem =
        SecretProblem { field: "data[\"tls.crt\"]", message: "the certificate is not PEM".into() };
    Secret {
        credentials: None,
        store_id: None,
        issued_by: None,
        pair: Err(problem),
        roots: Vec::new(),
        crls: Vec::new(),
        ca_problem: None,
    }
}

/// Of a proxy in [`NAMESPACE`] that may have the store's certificates.
pub fn reach() -> Reach {
    Reach { namespace: NAMESPACE.into(), granted: vec!["doorward-system".into()] }
}

pub fn leaf(name: &str) -> Issued {
    TestCa::new("root").leaf(&[name])
}
