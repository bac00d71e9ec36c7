//! The rustls configuration of one listener: made anew with each table, so that a handshake
//! sees one of them whole.

use std::sync::Arc;

use model::{Listener, TlsSettings, TlsVersions};
use rustls::{
    CipherSuite, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{ClientHello, NoServerSessionStorage},
    version::{TLS12, TLS13},
};

use super::{
    Certificates, Keyring, certificates::Resolver, client::Offer, client_auth::ClientCheck,
    tickets::Ticketer,
};

/// How a listener answers handshakes.
#[derive(Debug)]
pub struct TlsState {
    config: Arc<ServerConfig>,
    /// For clients without instructions for AES, who put ChaCha20 first.
    in_client_order: Arc<ServerConfig>,
    pub certificates: Arc<Certificates>,
    pub offer: Offer,
    /// `Some`: clients are asked for a certificate.
    pub client_check: Option<Arc<ClientCheck>>,
}

/// Why a listener's TLS settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("client certificates are asked for, but no CA certificate is at hand to check them")]
    NoRoots,
    #[error("CA certificate {position} for client certificates cannot be used: {reason}")]
    BadRoot { position: usize, reason: rustls::Error },
    #[error(
        "certificate revocation list {position} for client certificates cannot be used: {reason}; \
        until it is replaced, no client is let in"
    )]
    BadCrl { position: usize, reason: String },
    #[error("TLS cannot be set up: {0}")]
    Config(#[from] rustls::Error),
}

impl TlsState {
    /// `None` for a listener without TLS.
    pub fn new(
        listener: &Listener,
        certificates: Arc<Certificates>,
        keyring: Arc<Keyring>,
    ) -> Result<Option<Self>, TlsError> {
        let Some(settings) = &listener.tls else { return Ok(None) };
        let (versions, tls13) = versions(settings.versions);
        let offer = Offer { tls13, ciphers: settings.ciphers.clone() };
        let provider = provider(versions, &offer);
        let client_check = match &settings.client_auth {
            Some(wanted) => Some(Arc::new(ClientCheck::new(wanted, provider.clone())?)),
            None => None,
        };
        let builder =
            ServerConfig::builder_with_provider(provider).with_protocol_versions(versions)?;
        let builder = match &client_check {
            Some(check) => builder.with_client_cert_verifier(check.clone()),
            None => builder.with_no_client_auth(),
        };
        let resolver = Resolver { certificates: certificates.clone(), offer: offer.clone() };
        let mut config = builder.with_cert_resolver(Arc::new(resolver));
        config.ticketer = Arc::new(Ticketer::new(listener, keyring));
        // Tickets hold the session on the client's side; a store here would only cost a lock.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.alpn_protocols = protocols(listener, settings);
        // One is what most clients use; who wants more can ask (RFC 9149).
        config.send_tls13_tickets = 1;
        config.max_tls13_tickets = MAX_TICKETS;
        let in_client_order = Arc::new(config.clone());
        config.ignore_client_order = true;
        let config = Arc::new(config);
        Ok(Some(Self { config, in_client_order, certificates, offer, client_check }))
    }

    /// The configuration for this client.
    pub fn config_for(&self, hello: &ClientHello<'_>) -> &Arc<ServerConfig> {
        let mut suites = hello.cipher_suites().iter();
        let known = suites.find(|suite| SUITE_ORDER.contains(suite) || is_chacha(**suite));
        match known.is_some_and(|suite| is_chacha(*suite)) {
            true => &self.in_client_order,
            false => &self.config,
        }
    }
}

const MAX_TICKETS: usize = 4;

/// None for a tunnel: what its bytes mean is between the client and the endpoint.
fn protocols(listener: &Listener, settings: &TlsSettings) -> Vec<Vec<u8>> {
    match (&listener.tunnel, settings.http2) {
        (Some(_), _) => Vec::new(),
        (None, true) => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        (None, false) => vec![b"http/1.1".to_vec()],
    }
}

/// AES-128 with SHA-256 goes first, against the habit of clients: processors have instructions
/// for SHA-256 but not for SHA-384, which is a tenth of the work of a handshake.
const SUITE_ORDER: [CipherSuite; 6] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
];

fn is_chacha(suite: CipherSuite) -> bool {
    matches!(
        suite,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
            | CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    )
}

type Versions = &'static [&'static SupportedProtocolVersion];

fn versions(wanted: TlsVersions) -> (Versions, bool) {
    static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    match wanted {
        TlsVersions::V12AndV13 => (&BOTH, true),
        TlsVersions::V12 => (&BOTH[1..], false),
        TlsVersions::V13 => (&BOTH[..1], true),
    }
}

/// Suites in our order, of these versions and allowed ones only: rustls looks at all suites of
/// the provider when it tells the resolver which signatures the client can verify.
fn provider(versions: Versions, offer: &Offer) -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| {
        versions.contains(&suite.version())
            && (suite.tls13().is_some() || offer.allows(suite.suite()))
    });
    provider.cipher_suites.sort_by_key(|suite| {
        let place = SUITE_ORDER.iter().position(|other| *other == suite.suite());
        place.unwrap_or(SUITE_ORDER.len())
    });
    Arc::new(provider)
}
