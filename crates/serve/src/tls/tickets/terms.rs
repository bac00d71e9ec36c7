//! What a session is bound to beside its keys.

use aws_lc_rs::digest::{Context, Digest, SHA256};
use model::{ClientAuth, ClientDemand, Listener};

/// A digest that is equal on all replicas while a listener keeps its name and asks the same of
/// its clients, and another one otherwise.
pub struct Terms(Digest);

impl Terms {
    pub fn of(listener: &Listener) -> Self {
        let mut digest = Context::new(&SHA256);
        add(&mut digest, listener.key.to_string().as_bytes());
        let client_auth = listener.tls.as_ref().and_then(|tls| tls.client_auth.as_ref());
        digest.update(&[u8::from(client_auth.is_some())]);
        if let Some(wanted) = client_auth {
            add_client_auth(&mut digest, wanted);
        }
        Self(digest.finish())
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_ref()
    }
}

/// Everything that decides who is let in. The ids of the roots do not count: equal roots let in
/// the same clients.
fn add_client_auth(digest: &mut Context, wanted: &ClientAuth) {
    let ClientAuth { demand, ids: _, roots, crls, names, key_pins, certificate_pins, is_lenient } =
        wanted;
    digest.update(&[u8::from(*demand == ClientDemand::Optional), u8::from(*is_lenient)]);
    add_list(digest, roots);
    add_list(digest, crls);
    add_list(digest, names.iter().map(|name| name.as_bytes()));
    add_list(digest, key_pins);
    add_list(digest, certificate_pins);
}

/// With its length in front, or parts could pass from one list to the next.
fn add_list(digest: &mut Context, parts: impl IntoIterator<Item: AsRef<[u8]>>) {
    let parts: Vec<_> = parts.into_iter().collect();
    digest.update(&(parts.len() as u64).to_be_bytes());
    for part in &parts {
        add(digest, part.as_ref());
    }
}

/// With its length in front, or two lists could come to one text.
fn add(digest: &mut Context, part: &[u8]) {
    digest.update(&(part.len() as u64).to_be_bytes());
    digest.update(part);
}
