//! What handshakes get to see of a listener, under one short name.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, Digest, SHA256};
use model::{ClientAuth, Listener};

use crate::listener::ServedServer;

/// Names the content of what handshakes see: equal content, equal name.
pub fn version_of(listener: &Listener) -> Arc<str> {
    let mut content = Context::new(&SHA256);
    for binding in &listener.certificates.bindings {
        content.update(binding.id.as_str().as_bytes());
        content.update(&[0, u8::from(binding.is_default)]);
        if let Some(certificate) = &binding.certificate {
            content.update(&certificate.fingerprint.0);
            content.update(certificate.ocsp_staple.as_deref().unwrap_or_default());
        }
    }
    if let Some(tls) = &listener.tls {
        content.update(format!("{:?} {} {:?}", tls.versions, tls.http2, tls.ciphers).as_bytes());
        if let Some(wanted) = &tls.client_auth {
            add_client_auth(&mut content, wanted);
        }
    }
    short(content.finish())
}

/// The same for servers: their names, what they answer to, and the versions of each.
pub fn version_of_servers(listener: &Listener, served: &[ServedServer]) -> Arc<str> {
    let mut content = Context::new(&SHA256);
    for (server, served) in listener.servers.iter().zip(served) {
        content.update(server.name.as_bytes());
        for host in &server.hosts {
            content.update(&[0]);
            content.update(host.as_str().as_bytes());
        }
        content.update(&[1]);
        content.update(served.state.as_ref().map_or("", |state| &*state.version).as_bytes());
    }
    short(content.finish())
}

fn add_client_auth(content: &mut Context, wanted: &ClientAuth) {
    content
        .update(format!("{:?} {} {:?}", wanted.demand, wanted.is_lenient, wanted.names).as_bytes());
    wanted.roots.iter().for_each(|root| content.update(root));
    wanted.crls.iter().for_each(|crl| content.update(crl));
    wanted.key_pins.iter().for_each(|pin| content.update(pin));
    wanted.certificate_pins.iter().for_each(|pin| content.update(pin));
}

fn short(digest: Digest) -> Arc<str> {
    digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}
