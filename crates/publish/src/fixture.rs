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

    /// A CA that revokes what it issued to these.
    pub fn put_roots_revoking(
        &mut self,
        name: &str,
        ca: &TestCa,
        revoked: &[&Issued],
    ) -> &mut Self {
        let crls = x509::read_crls(ca.crl(revoked).as_bytes()).unwrap();
        self.put_roots(name, ca).change(name, |body| body.crls = crls)
    }

    /// What a CA comes in as that cannot be read.
    pub fn break_roots(&mut self, name: &str) -> &mut Self {
        let problem = SecretProblem { field: "data[\"ca.crt\"]", message: "no PEM".into() };
        self.insert(NAMESPACE, name, Secret { ca_problem: Some(problem), ..nothing() })
    }

    /// A pair with an OCSP response of its issuer.
    pub fn put_stapled(&mut self, name: &str, pair: &Issued, response: &[u8]) -> &mut Self {
        let mut read = x509::read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes()).unwrap();
        read.ocsp_staple = Some(response.into());
        self.insert(NAMESPACE, name, Secret { pair: Ok(Arc::new(read)), ..nothing() })
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Secret)) -> &mut Self {
        let mut body = self.world.secrets[&Key::new(NAMESPACE, name)].body.clone();
        change(&mut body);
        self.insert(NAMESPACE, name, body)
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
        issued_as: None,
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
