//! The rustls configuration of one listener: made anew with each table, so that a handshake
//! sees one of them whole.

use std::sync::Arc;

use model::{ClientAuth, Listener, TlsVersions};
use rustls::{
    CipherSuite, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{
        ClientHello, NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier,
    },
    version::{TLS12, TLS13},
};

use super::{Certificates, Keyring, certificates::Resolver, tickets::Ticketer};

/// How a listener answers handshakes.
#[derive(Debug)]
pub struct TlsState {
    config: Arc<ServerConfig>,
    /// For clients without instructions for AES, who put ChaCha20 first.
    in_client_order: Arc<ServerConfig>,
    pub certificates: Arc<Certificates>,
    pub tls13: bool,
}

/// Why a listener's TLS settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("client certificates are asked for, but no CA certificate is at hand to check them")]
    NoRoots,
    #[error("CA certificate {position} for client certificates cannot be used: {reason}")]
    BadRoot { position: usize, reason: rustls::Error },
    #[error("the check of client certificates cannot be set up: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
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
        let provider = provider(versions);
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)?;
        let builder = match &settings.client_auth {
            Some(wanted) => builder.with_client_cert_verifier(verifier(wanted, provider)?),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder
            .with_cert_resolver(Arc::new(Resolver { certificates: certificates.clone(), tls13 }));
        config.ticketer = Arc::new(Ticketer::new(listener, keyring));
        // Tickets hold the session on the client's side; a store here would only cost a lock.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.alpn_protocols = match settings.http2 {
            true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            false => vec![b"http/1.1".to_vec()],
        };
        // One is what most clients use; who wants more can ask (RFC 9149).
        config.send_tls13_tickets = 1;
        config.max_tls13_tickets = MAX_TICKETS;
        let in_client_order = Arc::new(config.clone());
        config.ignore_client_order = true;
        let config = Arc::new(config);
        Ok(Some(Self { config, in_client_order, certificates, tls13 }))
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

/// Suites in our order, and of these versions only: rustls looks at all suites of the provider when it tells
/// the resolver which signatures the client can verify.
fn provider(versions: Versions) -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| versions.contains(&suite.version()));
    provider.cipher_suites.sort_by_key(|suite| {
        let place = SUITE_ORDER.iter().position(|other| *other == suite.suite());
        place.unwrap_or(SUITE_ORDER.len())
    });
    Arc::new(provider)
}

fn verifier(
    wanted: &ClientAuth,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for (position, root) in (1..).zip(&wanted.roots) {
        roots.add(root.clone()).map_err(|reason| TlsError::BadRoot { position, reason })?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
}
