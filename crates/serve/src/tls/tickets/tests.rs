use std::sync::Mutex;

use model::{ClientAuth, ListenerKey, TicketKey, TlsSettings};
use proptest::prelude::*;
use rustls::{
    ClientConfig, ClientConnection, Connection, HandshakeKind, ServerConfig, ServerConnection,
    crypto::aws_lc_rs, server::NoServerSessionStorage, version,
};
use rustls_pki_types::CertificateDer;
use testkit::tls::any_certificate;
use tokio::sync::watch;

use super::*;
use crate::fixture;

fn keys(bytes: &[u8]) -> Arc<TicketKeys> {
    Arc::new(TicketKeys(bytes.iter().map(|byte| TicketKey::new([*byte; 32])).collect()))
}

fn keyring(keys: &Arc<TicketKeys>) -> Arc<Keyring> {
    Arc::new(Keyring::new(Some(&watch::channel(keys.clone()).1)))
}

fn listener(name: &str, client_auth: Option<(&str, &[&[u8]])>) -> Listener {
    let listener = fixture::listener(model::CertificateList::default());
    let tls = listener.tls.clone().map(|tls| TlsSettings {
        client_auth: client_auth.map(|(id, roots)| {
            Arc::new(ClientAuth {
                ids: vec![model::CertificateId::store(id)],
                roots: roots.iter().map(|root| CertificateDer::from(root.to_vec())).collect(),
                ..ClientAuth::default()
            })
        }),
        ..tls
    });
    Listener { key: name.parse::<ListenerKey>().unwrap(), tls, ..listener }
}

fn ticketer(listener: &Listener, keys: &Arc<TicketKeys>) -> Ticketer {
    Ticketer::new(listener, keyring(keys))
}

#[test]
fn gateways_with_the_same_keys_open_each_others_tickets() {
    let (shared, listener) = (keys(&[1]), listener("edge-lb:443", None));
    let ticket = ticketer(&listener, &shared).encrypt(b"session").unwrap();
    assert_eq!(ticketer(&listener, &keys(&[1])).decrypt(&ticket).unwrap(), b"session");
    assert_eq!(ticketer(&listener, &keys(&[2])).decrypt(&ticket), None);
}

#[tokio::test]
async fn the_first_key_seals_and_every_key_opens() {
    let listener = listener("edge-lb:443", None);
    let (source, receiver) = watch::channel(keys(&[1, 2]));
    let ring = Arc::new(Keyring::new(Some(&receiver)));
    let keeping = tokio::spawn(ring.clone().keep(Some(receiver)));
    let publish = async |keys: Arc<TicketKeys>| {
        source.send_replace(keys.clone());
        while **ring.current() != *keys {
            tokio::task::yield_now().await;
        }
    };
    let replica = Ticketer::new(&listener, ring.clone());
    let first = replica.encrypt(b"first").unwrap();

    // As the leader changes keys: the next one is known everywhere before it seals anywhere.
    let slower = ticketer(&listener, &keys(&[1, 2]));
    publish(keys(&[2, 3, 1])).await;
    let second = replica.encrypt(b"second").unwrap();
    assert_eq!(slower.decrypt(&second).unwrap(), b"second", "it has not seen the change yet");
    assert_eq!(slower.decrypt(&first).unwrap(), b"first");
    assert_eq!(replica.decrypt(&first).unwrap(), b"first", "the former key opens on");

    publish(keys(&[3, 4, 2])).await;
    assert_eq!(replica.decrypt(&first), None, "its key is no longer held");
    assert_eq!(replica.decrypt(&second).unwrap(), b"second");
    keeping.abort();
}

#[test]
fn a_ticket_is_good_on_its_listener_only_and_under_its_terms_only() {
    let shared = keys(&[1]);
    let terms = [
        listener("edge-lb:443", None),
        listener("edge-lb:444", None),
        listener("other-lb:443", None),
        listener("edge-lb:443", Some(("a", &[]))),
        listener("edge-lb:443", Some(("a", &[b"root"]))),
        listener("edge-lb:443", Some(("a", &[b"ro", b"ot"]))),
        listener("edge-lb:443", Some(("a", &[b"root", b"more"]))),
    ];
    for (made, listener) in terms.iter().enumerate() {
        let ticket = ticketer(listener, &shared).encrypt(b"session").unwrap();
        for (shown, listener) in terms.iter().enumerate() {
            let opened = ticketer(listener, &shared).decrypt(&ticket);
            assert_eq!(opened.is_some(), made == shown, "made at {made}, shown at {shown}");
        }
    }
}

#[test]
fn the_names_of_roots_are_no_part_of_the_terms() {
    let shared = keys(&[1]);
    let one = ticketer(&listener("edge-lb:443", Some(("a", &[b"root"]))), &shared);
    let other = ticketer(&listener("edge-lb:443", Some(("b", &[b"root"]))), &shared);
    assert!(other.decrypt(&one.encrypt(b"session").unwrap()).is_some());
}

#[test]
fn no_change_of_a_ticket_goes_unnoticed_and_no_piece_of_it_opens() {
    let ticketer = ticketer(&listener("edge-lb:443", None), &keys(&[1, 2]));
    let ticket = ticketer.encrypt(b"session").unwrap();
    assert_eq!(ticketer.decrypt(&ticket).unwrap(), b"session");
    assert!(!ticket.windows(7).any(|bytes| bytes == b"session"));
    for position in 0..ticket.len() {
        let mut tampered = ticket.clone();
        tampered[position] ^= 1;
        assert_eq!(ticketer.decrypt(&tampered), None, "byte {position} was changed");
        assert_eq!(ticketer.decrypt(&ticket[..position]), None, "{position} bytes are left");
        assert_eq!(ticketer.decrypt(&ticket[position + 1..]), None);
    }
    let longer: Vec<_> = ticket.iter().copied().chain([0]).collect();
    assert_eq!(ticketer.decrypt(&longer), None);
    assert_ne!(ticketer.encrypt(b"session").unwrap(), ticket, "each has its own nonce");
}

proptest! {
    #[test]
    fn whatever_a_client_makes_up_is_no_ticket(bytes: Vec<u8>, is_named: bool) {
        let ticketer = ticketer(&listener("edge-lb:443", None), &keys(&[1, 2]));
        let name = &ticketer.encrypt(b"").unwrap()[..16];
        let made_up = if is_named { [name, &bytes].concat() } else { bytes };
        prop_assert_eq!(ticketer.decrypt(&made_up), None);
    }
}

#[test]
fn a_ticketer_lets_go_of_shared_keys_that_the_ring_holds_no_longer() {
    let shared = keys(&[1]);
    let ticketer = ticketer(&listener("edge-lb:443", None), &shared);
    let watched = Arc::downgrade(&shared);
    drop(shared);
    assert!(watched.upgrade().is_some(), "the ring holds them");
    assert_eq!(watched.strong_count(), 1);
    assert_eq!(format!("{ticketer:?}"), "Ticketer { keys: 1 }");
}

/// What may befall a ticket on its way.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Kept,
    Tampered,
    Truncated,
}

/// Hands out tickets that have met their fate already; a client shows what it was given.
#[derive(Debug)]
struct Fateful {
    ticketer: Ticketer,
    fate: Mutex<Fate>,
}

impl ProducesTickets for Fateful {
    fn enabled(&self) -> bool {
        self.ticketer.enabled()
    }

    fn lifetime(&self) -> u32 {
        self.ticketer.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut ticket = self.ticketer.encrypt(plain)?;
        match *self.fate.lock().unwrap() {
            Fate::Kept => {}
            Fate::Tampered => *ticket.last_mut()? ^= 1,
            Fate::Truncated => ticket.truncate(40),
        }
        Some(ticket)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.ticketer.decrypt(ticket)
    }
}

#[test]
fn tampered_truncated_and_missing_tickets_are_full_handshakes() {
    for versions in [[&version::TLS12], [&version::TLS13]] {
        for (keys, fate, kind) in [
            (keys(&[1]), Fate::Kept, HandshakeKind::Resumed),
            (keys(&[1]), Fate::Tampered, HandshakeKind::Full),
            (keys(&[1]), Fate::Truncated, HandshakeKind::Full),
            (keys(&[]), Fate::Kept, HandshakeKind::Full),
        ] {
            let ticketer = ticketer(&listener("edge-lb:443", None), &keys);
            let server = server(Fateful { ticketer, fate: Mutex::new(fate) });
            let client = client(&versions);
            let version = versions[0].version;
            assert_eq!(shake(&client, &server), HandshakeKind::Full);
            assert_eq!(shake(&client, &server), kind, "{version:?} {fate:?} {keys:?}");
        }
    }
}

fn server(ticketer: Fateful) -> Arc<ServerConfig> {
    let pair = testkit::pki::TestCa::new("root").leaf(&["shop.test"]);
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(pair.chain_der(), pair.key_der())
        .unwrap();
    config.ticketer = Arc::new(ticketer);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Arc::new(config)
}

fn client(versions: &[&'static rustls::SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(any_certificate(provider))
        .with_no_client_auth();
    Arc::new(config)
}

/// A whole handshake in memory, and the ticket that follows it.
fn shake(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> HandshakeKind {
    let name = "shop.test".try_into().unwrap();
    let mut client: Connection = ClientConnection::new(client.clone(), name).unwrap().into();
    let mut server: Connection = ServerConnection::new(server.clone()).unwrap().into();
    while client.wants_write() || server.wants_write() {
        pass(&mut client, &mut server);
        pass(&mut server, &mut client);
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    server.handshake_kind().unwrap()
}

fn pass(from: &mut Connection, to: &mut Connection) {
    let mut records = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut records).unwrap();
    }
    let mut records = records.as_slice();
    while !records.is_empty() {
        to.read_tls(&mut records).unwrap();
        to.process_new_packets().unwrap();
    }
}
