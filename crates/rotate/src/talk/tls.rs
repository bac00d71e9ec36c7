//! TLS towards programs whose certificates are the question: names never count, authorities only
//! where some are given, and what was presented is kept either way.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use rustls_pki_types::{
    CertificateDer, DnsName, PrivateKeyDer, ServerName, UnixTime, pem::PemObject,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Error;
use crate::site::Identity;

/// What the other side did, kept also when the handshake fails.
#[derive(Clone, Debug)]
pub struct Seen(Arc<Witness>);

#[derive(Debug)]
struct Witness {
    /// None: whoever answers is believed.
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
    key: Option<Arc<CertifiedKey>>,
    chain: OnceLock<Vec<CertificateDer<'static>>>,
    asked: OnceLock<Vec<Vec<u8>>>,
}

impl Seen {
    /// Leaf first; empty where it never came to that.
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.0.chain.get().cloned().unwrap_or_default()
    }

    /// Names of the authorities that it wants clients to come from.
    pub fn authorities(&self) -> Vec<Vec<u8>> {
        self.0.asked.get().cloned().unwrap_or_default()
    }
}

/// A handshake that has begun to be prepared.
pub struct Handshake {
    pub seen: Seen,
    config: ClientConfig,
    name: Option<DnsName<'static>>,
}

impl Handshake {
    /// `roots` empty: whoever answers is believed.
    pub fn new(
        client: Option<&Identity>,
        roots: &[CertificateDer<'static>],
        protocol: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let witness = Arc::new(Witness {
            roots: (!roots.is_empty()).then(|| living(roots)),
            key: client.map(|client| certified(client, &provider)).transpose()?.map(Arc::new),
            provider: provider.clone(),
            chain: OnceLock::new(),
            asked: OnceLock::new(),
        });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites of both versions")
            .dangerous()
            .with_custom_certificate_verifier(witness.clone())
            .with_client_cert_resolver(witness.clone());
        // Each handshake is to be a whole one, with a certificate.
        config.resumption = rustls::client::Resumption::disabled();
        config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
        Ok(Self { seen: Seen(witness), config, name: None })
    }

    /// A server with several certificates chooses by the name (RFC 6066 section 3); an address is
    /// not sent.
    pub fn asking_for(mut self, name: Option<DnsName<'static>>) -> Self {
        self.name = name;
        self
    }

    pub async fn with<S>(self, stream: S, address: SocketAddr) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let address = || ServerName::IpAddress(address.ip().into());
        let name = self.name.map_or_else(address, ServerName::DnsName);
        TlsConnector::from(Arc::new(self.config)).connect(name, stream).await
    }
}

/// What an error of a stream with TLS on it says of the two sides.
pub fn error(address: SocketAddr, error: &io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::AlertReceived(alert)) => {
            Error::Tls(format!("it refuses our certificate: {alert:?}"), address)
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            Error::Tls("what listens there speaks no TLS".to_owned(), address)
        }
        Some(inner) => Error::Tls(inner.to_string(), address),
        None if error.kind() == io::ErrorKind::UnexpectedEof => Error::Broken {
            address,
            why: "nothing listens there, or it hung up at once".to_owned(),
        },
        None => Error::Broken { address, why: error.to_string() },
    }
}

/// Roots as Go's programs take them: an expired one vouches for nobody.
fn living(roots: &[CertificateDer<'static>]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    let living = roots.iter().filter(|root| {
        X509Certificate::from_der(root).is_ok_and(|(_, root)| root.validity().is_valid())
    });
    store.add_parsable_certificates(living.cloned());
    store
}

fn certified(client: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
    let unusable = |why: String| Error::Identity(why);
    let key = PrivateKeyDer::from_pem_slice(client.key.bytes())
        .map_err(|_secret| unusable("its key is no private key in PEM".to_owned()))?;
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|_secret| unusable("its key is of no kind that TLS has".to_owned()))?;
    let certified = CertifiedKey::new(client.chain.clone(), key);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
            Ok(certified)
        }
        Err(error) => Err(unusable(error.to_string())),
    }
}

impl Witness {
    /// Who believes anybody does not look at signatures either.
    fn signed(
        &self,
        verify: impl FnOnce(
            &WebPkiSupportedAlgorithms,
        ) -> Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match self.roots {
            Some(_) => verify(&self.provider.signature_verification_algorithms),
            None => Ok(HandshakeSignatureValid::assertion()),
        }
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = [end_entity].into_iter().chain(intermediates);
        let chain = chain.map(|certificate| certificate.clone().into_owned()).collect();
        // A second handshake of the same preparation cannot be.
        let _ = self.chain.set(chain);
        if let Some(roots) = &self.roots {
            if roots.is_empty() {
                return Err(CertificateError::UnknownIssuer.into());
            }
            let leaf = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &leaf,
                roots,
                intermediates,
                now,
                algorithms,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signed(|algorithms| {
            rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
        })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signed(|algorithms| {
            rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
        })
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Witness {
    fn resolve(
        &self,
        authorities: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let _ = self.asked.set(authorities.iter().map(|name| name.to_vec()).collect());
        self.key.clone()
    }

    /// Also without one: only who may have one is asked whom the server accepts.
    fn has_certs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
