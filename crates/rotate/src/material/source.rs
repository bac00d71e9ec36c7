//! Certificates and keys among the files that were seen, also those inside kubeconfigs.

use std::collections::BTreeMap;

use crate::{Facts, certificate::Certificate, facts::Content, key::PrivateKey, kubeconfig, pem};

pub(crate) struct Source {
    /// By fingerprint.
    certificates: BTreeMap<String, Certificate>,
    keys: Vec<PrivateKey>,
}

impl Source {
    pub(crate) fn of(facts: &Facts) -> Self {
        let mut source = Self { certificates: BTreeMap::new(), keys: Vec::new() };
        let files = facts.hosts.values().flat_map(|host| host.files.values());
        for content in files.filter_map(|file| file.content.as_ref()) {
            for text in kubeconfig::texts(content.bytes()) {
                source.add(&text);
            }
        }
        source
    }

    fn add(&mut self, text: &[u8]) {
        for certificate in pem::certificates(text) {
            self.certificates.insert(certificate.fingerprint.clone(), certificate);
        }
        self.keys.extend(pem::private_keys(text));
    }

    pub(crate) fn certificate(&self, fingerprint: &str) -> Option<&Certificate> {
        self.certificates.get(fingerprint)
    }

    /// The key that fits, wherever it lies.
    pub(crate) fn key_of(&self, certificate: &Certificate) -> Option<Content> {
        self.keys.iter().find(|key| key.is_key_of(certificate)).map(PrivateKey::pem)
    }
}
