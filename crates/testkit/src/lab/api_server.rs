//! A stand-in for kube-apiserver, as far as certificates and etcd are concerned: it reads what it
//! trusts of etcd once, everything else at each connection, says 401 to whose certificate it does
//! not know, reads and writes in etcd what it is asked to, and has a certificate of its own making
//! for who asks for that.
//!
//! Tests get no other package's program from Cargo, so the machines run the test's own binary
//! under this name: it has an ignored test that calls [`run`].

mod loopback;

use std::{
    collections::BTreeMap, convert::Infallible, env, fs, io, net::SocketAddr, path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Mutex,
};
use tokio_rustls::TlsAcceptor;

use self::loopback::Shown;
use super::{
    etcd::{Client, credentials},
    k3s, kubeadm,
};
use crate::api_server::merge;

/// The name of the ignored test, and the first argument of the stand-in.
pub const NAME: &str = "stand_in_for_kube_apiserver";

/// Serves until the process ends. Does nothing where it was not called with the flags of an API
/// server: when somebody runs the ignored tests.
///
/// Called by the name of another program of the masters, it stands in for that one.
pub fn run() {
    let called = env::args().next().map(PathBuf::from).unwrap_or_default();
    let called = called.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if called == k3s::SERVER {
        return k3s::run();
    }
    if called != "kube-apiserver" && kubeadm::STAND_INS.contains(&called) {
        return kubeadm::run_as(called);
    }
    let flags = Flags::of_process();
    if flags.value("etcd-servers").is_err() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.expect("a runtime needs nothing").block_on(serve(flags));
    served.unwrap_or_else(|error| panic!("kube-apiserver: {error}"));
}

pub(super) struct Flags(BTreeMap<String, String>);

impl Flags {
    /// Those of the form `--name=value`.
    pub(super) fn of_process() -> Self {
        let flags = env::args().filter_map(|argument| {
            let (name, value) = argument.strip_prefix("--")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        Self(flags.collect())
    }

    pub(super) fn of<const N: usize>(flags: [(&str, String); N]) -> Self {
        Self(flags.map(|(name, value)| (name.to_owned(), value)).into())
    }

    pub(super) fn value(&self, name: &str) -> io::Result<&str> {
        let missing = || io::Error::other(format!("--{name} is missing"));
        self.0.get(name).map(String::as_str).ok_or_else(missing)
    }

    pub(super) fn path(&self, name: &str) -> io::Result<PathBuf> {
        self.value(name).map(PathBuf::from)
    }
}

pub(super) async fn serve(flags: Flags) -> io::Result<()> {
    let mut etcd = etcd(&flags)?;
    if flags.value("etcd-readycheck-timeout").is_ok() {
        // Whom etcd does not let in ends, and is started again.
        etcd.value("/registry/health").await?;
    }
    let etcd = Arc::new(Mutex::new(etcd));
    let bound = flags.value("bind-address").unwrap_or("0.0.0.0");
    let address = format!("{bound}:{}", flags.value("secure-port")?);
    let listener = TcpListener::bind(address).await?;
    let itself = Arc::new(loopback::make(&provider())?);
    loop {
        let (stream, _) = listener.accept().await?;
        // A pair that does not fit is in the middle of being replaced.
        let Ok(config) = server_config(&flags, itself.clone()) else { continue };
        let trusted = clients(&flags)?;
        tokio::spawn(connection(stream, config, trusted, etcd.clone()));
    }
}

fn etcd(flags: &Flags) -> io::Result<Client> {
    let endpoints = flags.value("etcd-servers")?.split(',').map(|url| {
        let address = url.trim_start_matches("https://");
        address.parse::<SocketAddr>().map_err(io::Error::other)
    });
    let roots = fs::read(flags.path("etcd-cafile")?)?;
    let pair = [flags.path("etcd-certfile")?, flags.path("etcd-keyfile")?];
    let credentials = move || {
        let [certificate, key] = [fs::read_to_string(&pair[0])?, fs::read_to_string(&pair[1])?];
        credentials(&roots, &certificate, &key)
    };
    credentials()?;
    Ok(Client::new(endpoints.collect::<io::Result<_>>()?, Box::new(credentials)))
}

async fn connection(
    stream: TcpStream,
    config: ServerConfig,
    trusted: Arc<RootCertStore>,
    etcd: Arc<Mutex<Client>>,
) {
    let Ok(stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let who = who(chain, trusted);
    let service = service_fn(move |request| {
        let etcd = etcd.clone();
        async move { Ok::<_, Infallible>(answer(request, who, &mut *etcd.lock().await).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new();
    // Who hangs up has heard enough.
    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    Unknown,
    Known,
}

fn who(chain: &[CertificateDer<'_>], trusted: Arc<RootCertStore>) -> Who {
    let Some((leaf, others)) = chain.split_first() else { return Who::Nobody };
    let verifier = WebPkiClientVerifier::builder_with_provider(trusted, provider()).build();
    match verifier.map(|verifier| verifier.verify_client_cert(leaf, others, UnixTime::now())) {
        Ok(Ok(_)) => Who::Known,
        _ => Who::Unknown,
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    who: Who,
    etcd: &mut Client,
) -> Response<Full<Bytes>> {
    let say = |status: StatusCode, text: &str| {
        let mut answer = Response::new(Full::new(Bytes::from(text.to_owned())));
        *answer.status_mut() = status;
        answer
    };
    let key = format!("/registry{}", request.uri().path());
    match (who, request.uri().path()) {
        (Who::Unknown, _) => say(StatusCode::UNAUTHORIZED, "Unauthorized"),
        // As some builds do: it says nothing of etcd.
        (_, "/readyz" | "/healthz" | "/health") => say(StatusCode::OK, "ok"),
        (_, "/livez") => match etcd.value(&key).await {
            Ok(_) => say(StatusCode::OK, "ok"),
            Err(error) => say(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        },
        (Who::Nobody, _) => say(StatusCode::FORBIDDEN, "Forbidden"),
        _ => match object(request, &key, etcd).await {
            Ok(Some(object)) => say(StatusCode::OK, &object),
            Ok(None) => say(StatusCode::NOT_FOUND, "not found"),
            Err(error) => say(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        },
    }
}

/// The object under the key, or the one that was made, as it is afterwards.
async fn object(
    request: hyper::Request<Incoming>,
    key: &str,
    etcd: &mut Client,
) -> io::Result<Option<String>> {
    let method = request.method().clone();
    let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let found = etcd.value(key).await?;
    match (method, found) {
        (Method::POST, _) => {
            let object: Value = serde_json::from_slice(&body)?;
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            etcd.put(&format!("{key}/{name}"), &object.to_string()).await?;
            Ok(Some(object.to_string()))
        }
        // What every cluster has.
        (Method::GET, None) if key.ends_with("/namespaces/kube-system") => {
            let namespace = json!({"kind": "Namespace", "metadata": {"name": "kube-system"}});
            Ok(Some(namespace.to_string()))
        }
        (_, None) => Ok(None),
        (Method::PATCH, Some(found)) => {
            let mut object = serde_json::from_str(&found)?;
            merge(&mut object, &serde_json::from_slice(&body)?);
            etcd.put(key, &object.to_string()).await?;
            Ok(Some(object.to_string()))
        }
        (Method::DELETE, Some(found)) => {
            etcd.delete(key).await?;
            Ok(Some(found))
        }
        (_, found) => Ok(found),
    }
}

fn server_config(flags: &Flags, itself: Arc<CertifiedKey>) -> io::Result<ServerConfig> {
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(flags.path("tls-cert-file")?).and_then(Iterator::collect);
    let key = PrivateKeyDer::from_pem_file(flags.path("tls-private-key-file")?);
    let (chain, key) = (chain.map_err(io::Error::other)?, key.map_err(io::Error::other)?);
    let everybody = Arc::new(loopback::certified(chain, key, &provider())?);
    let accepting = AnyClient { names: clients(flags)?.subjects(), provider: provider() };
    Ok(ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_client_cert_verifier(Arc::new(accepting))
        .with_cert_resolver(Arc::new(Shown { everybody, itself })))
}

fn clients(flags: &Flags) -> io::Result<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    let file = CertificateDer::pem_file_iter(flags.path("client-ca-file")?);
    let file: Result<Vec<_>, _> = file.and_then(Iterator::collect);
    roots.add_parsable_certificates(file.map_err(io::Error::other)?);
    Ok(Arc::new(roots))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Lets everybody shake hands, with a certificate or without; who it was is judged afterwards.
#[derive(Debug)]
struct AnyClient {
    names: Vec<DistinguishedName>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.names
    }

    fn verify_client_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, leaf, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, leaf, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
