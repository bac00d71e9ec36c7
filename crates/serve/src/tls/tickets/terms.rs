//! What a session is bound to beside its keys.

use aws_lc_rs::digest::{Context, Digest, SHA256};
use model::Listener;

/// A digest that is equal on all replicas while a listener keeps its name and asks the same of
/// its clients, and another one otherwise.
pub struct Terms(Digest);

impl Terms {
    pub fn of(listener: &Listener) -> Self {
        let mut digest = Context::new(&SHA256);
        add(&mut digest, listener.key.to_string().as_bytes());
        let client_auth = listener.tls.as_ref().and_then(|tls| tls.client_auth.as_ref());
        digest.update(&[u8::from(client_auth.is_some())]);
        // The names of the roots do not count: equal roots let in the same clients.
        for root in client_auth.iter().flat_map(|wanted| &wanted.roots) {
            add(&mut digest, root);
        }
        Self(digest.finish())
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

/// With its length in front, or two lists could come to one text.
fn add(digest: &mut Context, part: &[u8]) {
    digest.update(&(part.len() as u64).to_be_bytes());
    digest.update(part);
}
