//! One key of one listener, and the form of its tickets.
//!
//! ```text
//! name of the key (16) | nonce (12) | session, sealed with AES-256-GCM | tag (16)
//! ```
//!
//! The nonce is random, which is safe for 2³² tickets under one key (NIST SP 800-38D section
//! 8.3): a listener that gives out 10,000 a second over all its replicas gets there in five
//! days, and keys change several times a day.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
};
use model::TicketKey;
use zeroize::Zeroizing;

use super::terms::Terms;

const NAME_LEN: usize = 16;
const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;

/// Separates these keys from whatever else is ever derived from a shared one. Another form of
/// the ticket needs another text here.
const PURPOSE: &[u8] = b"doorward session tickets 1";

pub struct DerivedKey {
    /// Derived too, so that a ticket of another listener names no key of this one.
    name: [u8; NAME_LEN],
    key: RandomizedNonceKey,
}

impl DerivedKey {
    /// HKDF-SHA256 (RFC 5869) of the shared key and the listener's terms.
    pub fn new(shared: &TicketKey, terms: &Terms) -> Self {
        let mut derived = Zeroizing::new([0; NAME_LEN + KEY_LEN]);
        let secret = Salt::new(HKDF_SHA256, PURPOSE).extract(shared.expose());
        secret
            .expand(&[terms.as_bytes()], DerivedLen)
            .and_then(|output| output.fill(&mut *derived))
            .expect("HKDF gives up to 8160 bytes");
        let (name, key) = derived.split_at(NAME_LEN);
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).expect("the key has its length");
        Self { name: name.try_into().expect("it was split there"), key }
    }

    pub fn is_named_in(&self, ticket: &[u8]) -> bool {
        ticket.starts_with(&self.name)
    }

    pub fn seal(&self, plain: &[u8]) -> Option<Vec<u8>> {
        const HEAD: usize = NAME_LEN + NONCE_LEN;
        let mut ticket = Vec::with_capacity(HEAD + plain.len() + TAG_LEN);
        ticket.extend(self.name);
        ticket.extend([0; NONCE_LEN]);
        ticket.extend(plain);
        let sealed = self.key.seal_in_place_separate_tag(Aad::from(self.name), &mut ticket[HEAD..]);
        let (nonce, tag) = sealed.ok()?;
        ticket[NAME_LEN..HEAD].copy_from_slice(nonce.as_ref());
        ticket.extend(tag.as_ref());
        Some(ticket)
    }

    /// `None` for everything that this key did not seal. Takes any bytes.
    pub fn open(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let rest = ticket.strip_prefix(&self.name)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.key.open_in_place(nonce, Aad::from(self.name), &mut opened).ok()?.len();
        opened.truncate(length);
        Some(opened)
    }
}

struct DerivedLen;

impl KeyType for DerivedLen {
    fn len(&self) -> usize {
        NAME_LEN + KEY_LEN
    }
}
