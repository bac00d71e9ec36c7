//! The server over real sockets: a client of our own that misbehaves, and the real Envoy.

mod client;
mod envoy;
mod misuse;
mod scale;

use std::{path::PathBuf, sync::Arc};

use prometheus_client::registry::Registry;
use tempfile::TempDir;
use testkit::{LIMIT, wait_for};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use translate::World;

use super::Publisher;
use crate::{
    fixture::{NAMESPACE, Secrets},
    ledger::{Client, Ledger, SecretState},
    limits::Limits,
    reach::Grants,
    session::Standing,
    settings::{Address, Settings, SocketMode},
    who::Admission,
};

/// A server on a Unix socket of its own, and the World that it follows.
struct Started {
    secrets: Secrets,
    worlds: watch::Sender<Arc<World>>,
    ledger: Arc<Ledger>,
    metrics: Registry,
    settings: Settings,
    stop: CancellationToken,
    running: JoinHandle<()>,
    folder: TempDir,
}

impl Started {
    fn new(secrets: Secrets) -> Self {
        Self::with(secrets, Limits::default())
    }

    fn with(secrets: Secrets, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address =
            Address::Unix { path: folder.path().join("sds.sock"), mode: SocketMode::Owner };
        let admission = Admission::Local { namespace: NAMESPACE.into() };
        let store = (NAMESPACE.into(), vec!["doorward-system".into()]);
        let grants = Grants([store].into());
        Self::by(Settings { address, admission, grants, limits }, secrets, folder)
    }

    fn by(settings: Settings, secrets: Secrets, folder: TempDir) -> Self {
        let (worlds, _) = watch::channel(Arc::new(secrets.world.clone()));
        let mut metrics = Registry::default();
        let stop = CancellationToken::new();
        let publisher = Publisher::bind(settings.clone(), &mut metrics).unwrap();
        let ledger = publisher.ledger.clone();
        let settings = match publisher.address() {
            Some(address) => Settings { address: Address::Tcp(address), ..settings },
            None => settings,
        };
        let running = tokio::spawn(publisher.run(worlds.subscribe(), stop.clone()));
        Self { secrets, worlds, ledger, metrics, settings, stop, running, folder }
    }

    /// The process ends and comes back on the same address; the World has gone on meanwhile.
    async fn restart(&mut self) {
        let publisher = Publisher::bind(self.settings.clone(), &mut self.metrics).unwrap();
        self.ledger = publisher.ledger.clone();
        self.stop = CancellationToken::new();
        self.running = tokio::spawn(publisher.run(self.worlds.subscribe(), self.stop.clone()));
    }

    async fn stop(&mut self) {
        self.stop.cancel();
        (&mut self.running).await.unwrap();
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("sds.sock")
    }

    /// Changes the World.
    fn change(&mut self, change: impl FnOnce(&mut Secrets)) {
        change(&mut self.secrets);
        self.worlds.send_replace(Arc::new(self.secrets.world.clone()));
    }

    /// The one client, once there is one.
    async fn client(&self) -> Client {
        wait_for(LIMIT, || async { self.ledger.clients().pop() }).await
    }

    /// One secret of the one client, once it stands so.
    async fn stands(&self, name: &str, standing: Standing) -> SecretState {
        wait_for(LIMIT, || async {
            let secrets = self.ledger.clients().pop()?.secrets;
            secrets.into_iter().find(|held| &*held.name == name && held.standing == standing)
        })
        .await
    }

    /// The value of one series of the metrics.
    fn metric(&self, series: &str) -> f64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.metrics).unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
            .unwrap_or(0.0)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
