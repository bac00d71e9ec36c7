//! Opening connections to endpoints, in clear text or TLS.

use std::{io, sync::Arc, time::Duration};

use model::{BackendProtocol, Endpoint};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::stream::Stream;

/// Opens connections; one for the whole gateway, so that TLS sessions are resumed.
pub struct Connector {
    tls: TlsConnector,
    timeout: Duration,
}

impl Connector {
    pub fn new(timeout: Duration) -> Self {
        Self { tls: TlsConnector::from(Arc::new(unverified_tls())), timeout }
    }

    /// Resolves, connects and, for HTTPS, shakes hands; all within the one time limit.
    pub async fn connect(
        &self,
        endpoint: &Endpoint,
        protocol: BackendProtocol,
    ) -> Result<Stream, ConnectError> {
        let opening = async {
            let stream = TcpStream::connect((&*endpoint.host, endpoint.port)).await?;
            tune(&stream)?;
            match protocol {
                BackendProtocol::Http | BackendProtocol::Grpc => Ok(Stream::Plain(stream)),
                BackendProtocol::Https => {
                    let name = ServerName::try_from(endpoint.host.to_string())
                        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
                    let stream = self.tls.connect(name, stream).await?;
                    Ok(Stream::Tls(Box::new(stream)))
                }
            }
        };
        match tokio::time::timeout(self.timeout, opening).await {
            Ok(opened) => opened.map_err(ConnectError::Failed),
            Err(_) => Err(ConnectError::TimedOut(self.timeout)),
        }
    }
}

/// No Nagle delay, and a peer that vanished is noticed within minutes even under a silent stream.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15))
        .with_retries(4);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// Why an endpoint could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("cannot connect: {0}")]
    Failed(#[source] io::Error),
    #[error("no connection within {0:?}")]
    TimedOut(Duration),
}

/// TLS that encrypts and does not authenticate: ALB takes any certificate from an HTTPS
/// backend, and Services commonly hold self-signed ones. HTTP/1.1 only, so no ALPN.
fn unverified_tls() -> ClientConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs has cipher suites for the default versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth()
}

/// Still checks that the peer holds the key of the certificate it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
