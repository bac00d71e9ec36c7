//! Letting clients in: as they are where connecting is proof enough, else by a client
//! certificate. The server's own certificate and the clients' CA are Secrets, and change with
//! these.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    RootCertStore, ServerConfig, crypto::aws_lc_rs, server::WebPkiClientVerifier,
    sign::CertifiedKey,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

use super::socket::Raw;
use crate::{
    catalogue::Catalogue,
    content::{Content, Material},
    who::MutualTls,
};

pub enum Door {
    Open { namespace: Arc<str> },
    Tls(Box<TlsDoor>),
}

pub struct TlsDoor {
    settings: MutualTls,
    catalogue: watch::Receiver<Arc<Catalogue>>,
    newest: Mutex<Option<Ready>>,
}

/// Made of these two contents.
#[derive(Clone)]
struct Ready {
    pair: Arc<Content>,
    roots: Arc<Content>,
    config: Arc<ServerConfig>,
}

/// A client that was let in.
pub struct Entered {
    pub stream: Box<dyn Duplex>,
    pub peer: String,
    pub namespace: Arc<str>,
}

pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    NotReady(String),
    #[error("the handshake failed: {0}")]
    Handshake(#[source] io::Error),
    #[error(
        "its certificate stands for no namespace: name it under sds.clients, or its trust domain under sds.trustDomains ({0})"
    )]
    UnknownClient(String),
}

impl Door {
    pub fn tls(settings: MutualTls, catalogue: watch::Receiver<Arc<Catalogue>>) -> Self {
        Self::Tls(Box::new(TlsDoor { settings, catalogue, newest: Mutex::default() }))
    }

    pub async fn enter(&self, raw: Raw) -> Result<Entered, Refused> {
        let Raw { stream, origin } = raw;
        let door = match self {
            Self::Open { namespace } => {
                let (stream, namespace) = (Box::new(stream), namespace.clone());
                return Ok(Entered { stream, peer: origin, namespace });
            }
            Self::Tls(door) => door,
        };
        let config = door.config()?;
        let accepting = TlsAcceptor::from(config).accept(stream);
        let stream = Box::pin(accepting).await.map_err(Refused::Handshake)?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        // The verifier has checked it: nobody comes in without one.
        let leaf = chain.first().map(AsRef::as_ref).unwrap_or_default();
        let identity = door.settings.clients.identify(leaf);
        let identity = identity.ok_or_else(|| Refused::UnknownClient(subject(leaf)))?;
        Ok(Entered {
            stream: Box::new(stream),
            peer: format!("{} at {origin}", identity.name),
            namespace: identity.namespace,
        })
    }
}

fn subject(leaf: &[u8]) -> String {
    use x509_parser::prelude::{FromDer, X509Certificate};
    match X509Certificate::from_der(leaf) {
        Ok((_, certificate)) => crate::session::one_line(&certificate.subject().to_string()),
        Err(_) => "unreadable".into(),
    }
}

impl TlsDoor {
    /// Anew only when one of the two Secrets has changed.
    fn config(&self) -> Result<Arc<ServerConfig>, Refused> {
        let (pair, roots) = self.contents()?;
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = &*newest
            && Arc::ptr_eq(&ready.pair, &pair)
            && Arc::ptr_eq(&ready.roots, &roots)
        {
            return Ok(ready.config.clone());
        }
        let config = Arc::new(make(&pair, &roots).map_err(|error| {
            Refused::NotReady(format!("cannot serve sds.tls as it is set: {error}"))
        })?);
        *newest = Some(Ready { pair, roots, config: config.clone() });
        Ok(config)
    }

    fn contents(&self) -> Result<(Arc<Content>, Arc<Content>), Refused> {
        let MutualTls { certificate, client_ca, .. } = &self.settings;
        let catalogue = self.catalogue.borrow().clone();
        let pair = catalogue.of_id(certificate).and_then(|offer| offer.pair.clone());
        let pair = pair.ok_or_else(|| {
            Refused::NotReady(format!("sds.tls.certificate: {certificate} holds no certificate"))
        })?;
        let roots = catalogue.of_id(client_ca).and_then(|offer| offer.roots().cloned());
        let roots = roots.ok_or_else(|| {
            Refused::NotReady(format!(
                "sds.tls.clientCa: {client_ca} holds no CA under ca.crt or cacert"
            ))
        })?;
        Ok((pair, roots))
    }
}

fn make(pair: &Content, roots: &Content) -> Result<ServerConfig, rustls::Error> {
    let (Material::Pair(certificate), Material::Roots(roots)) = (&pair.material, &roots.material)
    else {
        return Err(rustls::Error::General("a certificate and a CA are needed".into()));
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut store = RootCertStore::empty();
    for root in &roots.certificates {
        store.add(root.clone())?;
    }
    // A list is of one authority; what others issued is not revoked by its silence.
    let verifier = WebPkiClientVerifier::builder_with_provider(store.into(), provider.clone())
        .with_crls(roots.crls.iter().cloned())
        .allow_unknown_revocation_status()
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let key = aws_lc_rs::sign::any_supported_type(certificate.key.expose())?;
    let own = CertifiedKey::new(certificate.chain().cloned().collect(), key);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(own)));
    config.alpn_protocols = vec![b"h2".to_vec()];
    // A resumed session would not look at the clients' CA again.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(config)
}
