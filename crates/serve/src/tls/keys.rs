//! Signing keys, made when a handshake first needs them and kept for as long as their
//! certificate is served anywhere. Ten thousand certificates are ready at once this way, and
//! the ones nobody asks for cost no key.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use model::{Certificate, Fingerprint};
use rustls::{crypto::aws_lc_rs::sign::any_supported_type, sign::CertifiedKey};

/// One certificate and, once wanted, the key that signs for it.
#[derive(Debug)]
pub struct LazyKey {
    certificate: Arc<Certificate>,
    made: OnceLock<Result<Arc<CertifiedKey>, String>>,
}

impl LazyKey {
    fn new(certificate: Arc<Certificate>) -> Self {
        Self { certificate, made: OnceLock::new() }
    }

    /// Makes the key on the first call; the error says why this key cannot sign.
    pub fn load(&self) -> Result<&Arc<CertifiedKey>, &str> {
        let made = self.made.get_or_init(|| {
            let signer = any_supported_type(self.certificate.key.expose())
                .map_err(|error| format!("the private key cannot sign handshakes: {error}"))?;
            let chain = self.certificate.chain().cloned().collect();
            let mut key = CertifiedKey::new(chain, signer);
            key.ocsp = self.certificate.ocsp_staple.as_ref().map(|staple| staple.to_vec());
            Ok(Arc::new(key))
        });
        made.as_ref().map_err(String::as_str)
    }

    /// Known not to load. A key that was not tried yet counts as good.
    pub fn is_broken(&self) -> bool {
        matches!(self.made.get(), Some(Err(_)))
    }
}

/// All keys in use, so that listeners and successive tables share them.
#[derive(Debug, Default)]
pub struct KeyPool {
    keys: HashMap<Fingerprint, Arc<LazyKey>, foldhash::fast::RandomState>,
}

impl KeyPool {
    /// The key of a certificate, and whether it is held for the first time.
    ///
    /// The same leaf under another chain, or with another staple, is another certificate and
    /// replaces the former here; tables that still serve the former keep theirs.
    pub fn key_of(&mut self, certificate: &Arc<Certificate>) -> (Arc<LazyKey>, bool) {
        match self.keys.get(&certificate.fingerprint) {
            Some(held) if held.certificate == *certificate => (held.clone(), false),
            _ => {
                let new = Arc::new(LazyKey::new(certificate.clone()));
                self.keys.insert(certificate.fingerprint, new.clone());
                (new, true)
            }
        }
    }

    /// Makes room for that many keys at once, which spares the copies of growing.
    pub fn reserve(&mut self, keys: usize) {
        self.keys.reserve(keys.saturating_sub(self.keys.len()));
    }

    /// Forgets the keys that no table holds any more.
    pub fn forget_unused(&mut self) {
        self.keys.retain(|_, key| Arc::strong_count(key) > 1);
    }
}

#[cfg(test)]
mod tests;
