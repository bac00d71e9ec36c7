//! Stand-ins for programs that live by a kubeconfig: they ask the API server something all the
//! time, and tell in their log when the answer becomes another one.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::time::sleep;

use crate::{
    lab::{api_server::Flags, kubeconfig},
    tls::TlsClient,
};

const PAUSE: Duration = Duration::from_secs(1);
/// Everybody may read it who is known.
const PATH: &str = "/api/v1/namespaces/kube-system";

/// The controller manager or the scheduler. Does nothing without a kubeconfig.
pub fn run(program: &str) {
    let flags = Flags::of_process();
    let Ok(path) = flags.path("kubeconfig") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let followed = runtime.expect("a runtime needs nothing").block_on(async {
        if let Ok(signer) = flags.path("cluster-signing-cert-file") {
            one_certificate(&signer)?;
        }
        // Only at its start, as all of them do.
        let asking = Asking::by(&path)?;
        follow(|| Ok(asking.clone())).await
    });
    followed.unwrap_or_else(|error| panic!("{program}: {error}"));
}

/// In the words of the real one, which ends with them.
fn one_certificate(path: &Path) -> io::Result<()> {
    match CertificateDer::pem_file_iter(path).map_err(io::Error::other)?.count() {
        1 => Ok(()),
        count => Err(io::Error::other(format!("expected 1 certificate, found {count}"))),
    }
}

/// Whom a kubeconfig asks, and as whom.
#[derive(Clone)]
pub struct Asking {
    client: TlsClient,
    server: SocketAddr,
}

impl Asking {
    pub fn by(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        let options = kubeconfig::read(&text, |path| fs::read_to_string(PathBuf::from(path)))?;
        Ok(Self { client: TlsClient::new(options), server: kubeconfig::server(&text)? })
    }

    async fn answer(&self) -> io::Result<String> {
        let name = self.server.ip().to_string();
        Ok(self.client.get(self.server, &name, PATH).await?.status.to_string())
    }
}

/// Asks for ever; `who` says each time who asks.
pub async fn follow(who: impl Fn() -> io::Result<Asking>) -> io::Result<()> {
    let mut told = String::new();
    loop {
        let answer = match who() {
            Ok(asking) => asking.answer().await,
            Err(error) => Err(error),
        };
        let now = answer.unwrap_or_else(|error| error.to_string());
        if now != told {
            eprintln!("the API server answers: {now}");
            told = now;
        }
        sleep(PAUSE).await;
    }
}
