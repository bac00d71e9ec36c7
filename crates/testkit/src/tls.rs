//! A TLS client that tells what the server showed it.

mod verifier;

use std::{io, net::SocketAddr, sync::Arc};

use rustls::{
    CipherSuite, ClientConfig, HandshakeKind, NamedGroup, ProtocolVersion, SignatureScheme,
    SupportedProtocolVersion,
    client::danger::ServerCertVerifier,
    crypto::{CryptoProvider, aws_lc_rs},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    LIMIT,
    http::{self, Answer, Request},
    pki::{Issued, TestCa},
};
use verifier::Verifier;

/// Clones share their session tickets; a new client has none.
#[derive(Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
}

/// How the client is. The default takes any certificate, offers everything and shows none.
#[derive(Clone, Default)]
pub struct ClientOptions {
    /// Check the chain and the name against these roots; empty takes any certificate.
    pub roots: Vec<CertificateDer<'static>>,
    /// In order of preference, `h2` and `http/1.1`; empty sends no ALPN.
    pub alpn: Vec<&'static str>,
    pub versions: Versions,
    /// The signatures it can verify; empty means all. `RSA_ONLY` makes a client from before
    /// ECDSA.
    pub signatures: Vec<SignatureScheme>,
    /// The client's own certificate.
    pub identity: Option<Issued>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    #[default]
    All,
    Tls12,
    Tls13,
}

/// What a client without ECDSA can verify.
pub const RSA_ONLY: [SignatureScheme; 3] = [
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA1,
];

/// What a handshake came to, as the client saw it.
#[derive(Clone, Debug)]
pub struct PeerFacts {
    /// The first certificate of `chain`.
    pub leaf: CertificateDer<'static>,
    pub chain: Vec<CertificateDer<'static>>,
    pub alpn: Option<String>,
    pub version: ProtocolVersion,
    pub cipher_suite: CipherSuite,
    pub key_exchange: Option<NamedGroup>,
    pub resumed: bool,
}

impl TlsClient {
    pub fn new(options: ClientOptions) -> Self {
        let versions: &[&'static SupportedProtocolVersion] = match options.versions {
            Versions::All => &[&TLS13, &TLS12],
            Versions::Tls12 => &[&TLS12],
            Versions::Tls13 => &[&TLS13],
        };
        let provider: Arc<CryptoProvider> = aws_lc_rs::default_provider().into();
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .expect("the provider knows both versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(
                &options.roots,
                options.signatures,
                provider,
            )));
        let mut config = match &options.identity {
            Some(pair) => builder
                .with_client_auth_cert(pair.chain_der(), pair.key_der())
                .expect("test pairs fit"),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = options.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self { config: config.into() }
    }

    /// Takes any certificate; for looking at what is served.
    pub fn unchecked() -> Self {
        Self::new(ClientOptions::default())
    }

    /// Checks chain and name against this root.
    pub fn trusting(ca: &TestCa) -> Self {
        Self::new(ClientOptions { roots: vec![ca.der().clone()], ..ClientOptions::default() })
    }

    /// Connects and shakes hands. Without a `name` it sends no SNI.
    pub async fn connect(
        &self,
        address: SocketAddr,
        name: Option<&str>,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = match name {
            Some(name) => ServerName::try_from(name.to_owned()).map_err(io::Error::other)?,
            None => ServerName::from(address.ip()),
        };
        let connector = TlsConnector::from(self.config.clone());
        let connecting = Box::pin(async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            connector.connect(name, stream).await
        });
        tokio::time::timeout(LIMIT, connecting).await?
    }

    /// Shakes hands and hangs up.
    pub async fn handshake(
        &self,
        address: SocketAddr,
        name: Option<&str>,
    ) -> io::Result<PeerFacts> {
        Ok(facts(&self.connect(address, name).await?))
    }

    /// One request on a connection of its own: HTTP/2 where ALPN says so, HTTP/1.1 else. The
    /// facts are read after the answer, so that the session's ticket has come.
    pub async fn send(
        &self,
        address: SocketAddr,
        name: &str,
        request: Request,
    ) -> io::Result<(Answer, PeerFacts)> {
        let stream = self.connect(address, Some(name)).await?;
        let facts = facts(&stream);
        let answer = match facts.alpn.as_deref() {
            Some("h2") => Box::pin(http::exchange_h2(stream, request)).await?,
            _ => Box::pin(http::exchange(stream, request)).await?,
        };
        Ok((answer, facts))
    }

    /// `GET https://NAME PATH` at `address`.
    pub async fn get(&self, address: SocketAddr, name: &str, path: &str) -> io::Result<Answer> {
        Ok(self.send(address, name, http::get(&format!("https://{name}{path}"))).await?.0)
    }
}

/// For a client configuration of one's own: takes any chain, but checks that the server holds its
/// key.
pub fn any_certificate(provider: Arc<CryptoProvider>) -> Arc<dyn ServerCertVerifier> {
    Arc::new(Verifier::new(&[], Vec::new(), provider))
}

/// What this connection's handshake came to.
pub fn facts(stream: &TlsStream<TcpStream>) -> PeerFacts {
    let (_, connection) = stream.get_ref();
    let chain: Vec<_> = connection.peer_certificates().unwrap_or_default().to_vec();
    PeerFacts {
        leaf: chain.first().cloned().expect("a server always shows a certificate"),
        chain,
        alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        version: connection.protocol_version().expect("the handshake is complete"),
        cipher_suite: connection.negotiated_cipher_suite().expect("it is complete").suite(),
        key_exchange: connection.negotiated_key_exchange_group().map(|group| group.name()),
        resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
    }
}

#[cfg(test)]
mod tests;
