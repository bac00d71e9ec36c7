//! Which kinds of key a client can verify, read from its ClientHello.

use std::sync::Arc;

use model::KeyAlgorithm;
use rustls::{CipherSuite, SignatureScheme, server::ClientHello};

/// The kinds of key, by what signs with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientAbilities {
    rsa: bool,
    p256: bool,
    p384: bool,
    p521: bool,
    ed25519: bool,
}

/// What the listener speaks, of all that rustls can.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    pub tls13: bool,
    /// As in [`model::TlsSettings`].
    pub ciphers: Option<Arc<[u16]>>,
}

impl Offer {
    /// Whether this cipher suite of TLS 1.2 may be used.
    pub fn allows(&self, suite: CipherSuite) -> bool {
        self.ciphers.as_ref().is_none_or(|ciphers| ciphers.contains(&u16::from(suite)))
    }
}

impl ClientAbilities {
    /// Up to TLS 1.2 the cipher suite binds the kind of key too (RFC 5246 section 7.4.3), and RSA
    /// may sign by PKCS #1 only there.
    pub fn of(hello: &ClientHello<'_>, offer: &Offer) -> Self {
        Self::from_offers(hello.signature_schemes(), hello.cipher_suites(), offer)
    }

    fn from_offers(schemes: &[SignatureScheme], suites: &[CipherSuite], offer: &Offer) -> Self {
        let tls13 = offer.tls13 && suites.iter().any(|suite| is_tls13(*suite));
        let has = |kind: fn(CipherSuite) -> bool| {
            tls13 || suites.iter().any(|suite| kind(*suite) && offer.allows(*suite))
        };
        let (ecdsa_suites, rsa_suites) = (has(is_ecdsa), has(is_rsa));
        let mut able = Self::default();
        for scheme in schemes {
            match scheme {
                SignatureScheme::ECDSA_NISTP256_SHA256 => able.p256 = ecdsa_suites,
                SignatureScheme::ECDSA_NISTP384_SHA384 => able.p384 = ecdsa_suites,
                SignatureScheme::ECDSA_NISTP521_SHA512 => able.p521 = ecdsa_suites,
                SignatureScheme::ED25519 => able.ed25519 = ecdsa_suites,
                SignatureScheme::RSA_PSS_SHA256
                | SignatureScheme::RSA_PSS_SHA384
                | SignatureScheme::RSA_PSS_SHA512 => able.rsa |= rsa_suites,
                SignatureScheme::RSA_PKCS1_SHA256
                | SignatureScheme::RSA_PKCS1_SHA384
                | SignatureScheme::RSA_PKCS1_SHA512 => able.rsa |= rsa_suites && !tls13,
                _ => {}
            }
        }
        able
    }

    pub fn verifies(self, algorithm: KeyAlgorithm) -> bool {
        match algorithm {
            KeyAlgorithm::Rsa { .. } => self.rsa,
            KeyAlgorithm::EcdsaP256 => self.p256,
            KeyAlgorithm::EcdsaP384 => self.p384,
            KeyAlgorithm::EcdsaP521 => self.p521,
            KeyAlgorithm::Ed25519 => self.ed25519,
        }
    }
}

fn is_tls13(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS13_AES_128_GCM_SHA256
            | CipherSuite::TLS13_AES_256_GCM_SHA384
            | CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
    )
}

/// Only suites that rustls speaks count.
fn is_ecdsa(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
    )
}

fn is_rsa(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    )
}

#[cfg(test)]
mod tests;
