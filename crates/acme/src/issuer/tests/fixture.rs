//! A CA, a gateway that answers its challenges, and a driver of orders.

mod gateway;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hickory_proto::rr::RecordType;
use issue::{
    Entries, Future, IssueError, Issuer, KeyKind, Progress, Request, Stage, Step, StoreError,
};
use jiff::Timestamp;
use model::{Certificate, CertificateId, Name};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use testkit::{
    knot::{self, Knot},
    pebble::{ChallTestSrv, Front, Options, Pebble},
    pki::TestCa,
};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use self::gateway::Gateway;
use super::super::AcmeIssuer;
use crate::{
    AccountKey, Method, Settings, Solver,
    dns::{self, Rfc2136, TsigKey},
};

/// Steps that any order here takes at most.
const MOST_STEPS: usize = 300;

pub(super) struct Ca {
    pub(super) settings: Settings,
    pub(super) gateway: Arc<Gateway>,
    pub(super) keys: Arc<MemoryKeys>,
    pub(super) pebble: Option<Pebble>,
    _dns: Option<ChallTestSrv>,
}

impl Ca {
    /// `None` where there is no Pebble.
    pub(super) async fn start() -> Option<Self> {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(set: impl FnOnce(&mut Options)) -> Option<Self> {
        let dns = ChallTestSrv::start().await?;
        let mut ca = Self::asking(dns.dns(), set).await?;
        ca._dns = Some(dns);
        Some(ca)
    }

    /// A CA that asks the one server of a zone with these records, as the issuer does.
    pub(super) async fn with_zone(zone: &str, records: &str) -> Option<(Self, Zone)> {
        let knot = Knot::holding(&[(zone, records)]).await?;
        let mut ca = Self::asking(knot.address(), |_| {}).await?;
        ca.settings.resolver = Some(knot.address());
        Some((ca, Zone(knot)))
    }

    /// A CA that is reached through a door.
    pub(super) async fn behind_front() -> Option<(Self, Front)> {
        let mut ca = Self::start().await?;
        let front = Front::before(ca.pebble()).await;
        ca.settings.server = front.directory();
        ca.settings.trusted = vec![root(front.server_ca())];
        Some((ca, front))
    }

    async fn asking(dns: SocketAddr, set: impl FnOnce(&mut Options)) -> Option<Self> {
        let gateway = Gateway::start().await;
        let mut options = Options::new(dns, gateway.http_port, gateway.tls_port);
        set(&mut options);
        let pebble = Pebble::start(&options).await?;
        let mut ca = Self::at(pebble.directory(), gateway);
        ca.settings.trusted = vec![root(pebble.server_ca())];
        ca.pebble = Some(pebble);
        Some(ca)
    }

    /// A CA where nobody is.
    pub(super) fn nowhere() -> Self {
        Self::at("https://127.0.0.1:1/dir", Gateway::absent())
    }

    fn at(server: &str, gateway: Arc<Gateway>) -> Self {
        let keys = Arc::<MemoryKeys>::default();
        let account_key =
            AccountKey::Kept { entries: keys.clone(), secret: "acme".into(), key: "key".into() };
        let settings = Settings {
            server: server.to_owned(),
            trusted: vec![root(TestCa::new("nobody").pem())],
            email: Some("ops@example.com".into()),
            account_key,
            external_account: None,
            profile: None,
            preferred_chain: None,
            solvers: Vec::new(),
            resolver: None,
        };
        Self { settings, gateway, keys, pebble: None, _dns: None }
    }

    pub(super) fn pebble(&self) -> &Pebble {
        self.pebble.as_ref().expect("it was started")
    }

    pub(super) fn issuer(&self, methods: &[Method]) -> AcmeIssuer {
        let mut settings = self.settings.clone();
        let solver = |method: &Method| Solver { method: method.clone(), names: Vec::new() };
        settings.solvers = methods.iter().map(solver).collect();
        let clock = Arc::new(Timestamp::now);
        AcmeIssuer::new(settings, self.gateway.clone(), clock)
    }

    /// A request examined, then all steps of its order, each by an issuer of its own.
    pub(super) async fn obtain(
        &self,
        methods: &[Method],
        request: &Request,
    ) -> Result<Certificate, IssueError> {
        self.run(methods, request, 1).await
    }

    /// As [`Ca::obtain`], each step taken `times` over with what was kept before it.
    pub(super) async fn run(
        &self,
        methods: &[Method],
        request: &Request,
        times: usize,
    ) -> Result<Certificate, IssueError> {
        self.issuer(methods).examine(request).await?;
        self.go_on(methods, request, Progress::default(), times).await
    }

    /// The steps that are left of an order.
    pub(super) async fn go_on(
        &self,
        methods: &[Method],
        request: &Request,
        mut progress: Progress,
        times: usize,
    ) -> Result<Certificate, IssueError> {
        for _ in 0..MOST_STEPS {
            let mut step = self.issuer(methods).advance(request, &progress).await?;
            for _ in 1..times {
                step = self.issuer(methods).advance(request, &progress).await?;
            }
            match step {
                Step::Issued(issued) => {
                    let (chain, key) = (issued.certificate_pem, issued.key_pem);
                    return Ok(x509::read_pair(chain.as_bytes(), key.as_bytes()).unwrap());
                }
                Step::Continue { progress: next, after, .. } => {
                    progress = through_the_store(&next);
                    // The CA is on this machine, and needs no rest.
                    tokio::time::sleep(after.min(Duration::from_millis(50))).await;
                }
            }
        }
        panic!("no certificate after {MOST_STEPS} steps");
    }

    /// What is kept once the order waits for its proofs to be seen.
    pub(super) async fn until_waiting(&self, methods: &[Method], request: &Request) -> Progress {
        let mut progress = Progress::default();
        for _ in 0..MOST_STEPS {
            match self.issuer(methods).advance(request, &progress).await.unwrap() {
                Step::Continue { progress, stage: Stage::Waiting, .. } => return progress,
                Step::Continue { progress: next, .. } => progress = next,
                Step::Issued(_) => break,
            }
        }
        panic!("the order never waited");
    }
}

fn root(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn through_the_store(progress: &Progress) -> Progress {
    serde_json::from_str(&serde_json::to_string(progress).unwrap()).unwrap()
}

pub(super) fn names(texts: &[&str]) -> Vec<Name> {
    texts.iter().map(|text| Name::parse(text).unwrap()).collect()
}

pub(super) fn request(texts: &[&str]) -> Request {
    Request {
        id: CertificateId::store("it"),
        names: names(texts),
        key: KeyKind::EcdsaP256,
        replaces: None,
        serial: 0,
    }
}

/// A zone that takes updates.
pub(super) struct Zone(Knot);

impl Zone {
    pub(super) fn method(&self) -> Method {
        let knot::Key { name, algorithm, secret } = knot::Key::SHA256;
        let secret = BASE64_STANDARD.decode(secret).unwrap();
        let key = TsigKey { name, algorithm, secret: &secret };
        Method::Dns01(Arc::new(Rfc2136::new(self.0.address(), None, Some(&key)).unwrap()))
    }

    /// Whether a TXT record is there.
    pub(super) async fn has_text(&self, name: &str) -> bool {
        let name = dns::name(name).unwrap();
        let answer = dns::ask(self.0.address(), name, RecordType::TXT).await.unwrap();
        !answer.answers.is_empty()
    }
}

/// The account's key in memory.
#[derive(Default)]
pub(super) struct MemoryKeys(pub(super) Mutex<Option<Zeroizing<String>>>);

impl Entries for MemoryKeys {
    fn load<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
    ) -> Future<'a, Result<Option<Zeroizing<String>>, StoreError>> {
        Box::pin(async { Ok(self.0.lock().await.clone()) })
    }

    fn save<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        text: &'a str,
    ) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async {
            *self.0.lock().await = Some(Zeroizing::new(text.to_owned()));
            Ok(())
        })
    }

    fn remove<'a>(&'a self, _: &'a str, _: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async {
            *self.0.lock().await = None;
            Ok(())
        })
    }
}
