//! The keeper with a scripted issuer, on a stopped clock: no test waits for real time.

use std::sync::{LazyLock, Mutex};

use model::{Certificate, Fingerprint, KeyAlgorithm, Name, ObjectRef, PrivateKey, Want};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use testkit::pki::{LeafOptions, TestCa};

use super::*;
use crate::{
    Future, Issued, Order, OrderStage, OrderState, Progress, Request, Slate, Step, StoreError,
    desk::AT_ONCE,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(crate) fn certificate(
    names: &[&str],
    not_before: Timestamp,
    not_after: Timestamp,
) -> Arc<Certificate> {
    let mut fingerprint = [0; 32];
    fingerprint[..8].copy_from_slice(&not_after.as_second().to_be_bytes());
    Arc::new(Certificate {
        ocsp_staple: None,
        names: names.iter().map(|name| Name::parse(name).expect("a name")).collect(),
        subject: String::new(),
        issuer: String::new(),
        serial: String::new(),
        not_before,
        not_after,
        key_algorithm: KeyAlgorithm::EcdsaP256,
        fingerprint: Fingerprint(fingerprint),
        leaf: CertificateDer::from(vec![]),
        issuers: Arc::from([]),
        key: PrivateKey::new(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(vec![]))),
    })
}

pub(crate) fn want(id: &str, names: &[&str], held: Option<Arc<Certificate>>) -> Want {
    Want {
        id: CertificateId::store(id),
        names: names.iter().map(|name| Name::parse(name).expect("a name")).collect(),
        issuer: "local".into(),
        wanted_by: ObjectRef::namespaced("Ingress", "shop", "web"),
        key: None,
        held,
        held_from: None,
    }
}

static CA: LazyLock<TestCa> = LazyLock::new(|| TestCa::new("root"));

/// Of 90 days from `now`, which need not be the time outside of the test.
fn leaf(names: &[Name], now: Timestamp) -> Issued {
    let names: Vec<&str> = names.iter().map(Name::as_str).collect();
    let ahead = now.duration_since(Timestamp::now());
    let options =
        LeafOptions { not_before: ahead, not_after: ahead + DAY * 90, ..LeafOptions::default() };
    let leaf = CA.issue(&names, options);
    Issued { certificate_pem: leaf.cert_pem, key_pem: leaf.key_pem, issued_as: None }
}

/// Answers from a script, then with success; counts what it was asked.
struct Script {
    clock: Clock,
    failures: Mutex<Vec<&'static str>>,
    asked: Mutex<Vec<Name>>,
    most_at_once: Mutex<(usize, usize)>,
}

impl Issuer for Script {
    fn advance<'a>(
        &'a self,
        request: &'a Request,
        _: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>> {
        Box::pin(async move {
            self.asked.lock().unwrap().extend_from_slice(&request.names);
            {
                let mut at_once = self.most_at_once.lock().unwrap();
                at_once.0 += 1;
                at_once.1 = at_once.1.max(at_once.0);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.most_at_once.lock().unwrap().0 -= 1;
            let scripted = self.failures.lock().unwrap().pop();
            match scripted {
                Some("panic") => panic!("scripted"),
                Some("refused") => Err(IssueError::refused("no solver for it")),
                Some(text) => Err(IssueError::passing(text)),
                None => Ok(Step::Issued(leaf(&request.names, (self.clock)()))),
            }
        })
    }
}

/// Puts what is issued into the Model, as the state folder and the source do.
struct Loop {
    models: watch::Sender<Arc<Model>>,
    lose: bool,
}

impl Store for Loop {
    fn put<'a>(
        &'a self,
        id: &'a CertificateId,
        issuer: &'a str,
        issued: &'a Issued,
    ) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let (crt, key) = (issued.certificate_pem.as_bytes(), issued.key_pem.as_bytes());
            let held = Arc::new(x509::read_pair(crt, key).expect("a good pair"));
            if !self.lose {
                self.models.send_modify(|model| {
                    let mut new = (**model).clone();
                    for entry in new.wants.iter_mut().filter(|entry| entry.id == *id) {
                        (entry.held, entry.held_from) = (Some(held.clone()), Some(issuer.into()));
                    }
                    *model = Arc::new(new);
                });
            }
            Ok(())
        })
    }
}

struct Stage {
    issuers: watch::Sender<Arc<Issuers>>,
    models: watch::Sender<Arc<Model>>,
    orders: watch::Receiver<Orders>,
    issuer: Arc<Script>,
    ask: mpsc::Sender<CertificateId>,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    started: tokio::time::Instant,
    begins: Timestamp,
}

fn stage(wants: Vec<Want>, failures: &[&'static str], lose: bool) -> Stage {
    let started = tokio::time::Instant::now();
    let begins = Timestamp::now();
    let clock: Clock =
        Arc::new(move || begins + SignedDuration::try_from(started.elapsed()).expect("in range"));
    let (models, receiver) = watch::channel(Arc::new(Model { wants, ..Model::default() }));
    let (orders_out, orders) = watch::channel(Orders::default());
    let issuer = Arc::new(Script {
        clock: clock.clone(),
        failures: Mutex::new(failures.iter().rev().copied().collect()),
        asked: Mutex::default(),
        most_at_once: Mutex::default(),
    });
    let store = Arc::new(Loop { models: models.clone(), lose });
    let cancel = CancellationToken::new();
    let (issuers, supplied) = watch::channel(Arc::new(employed(&issuer)));
    let (ask, renewals) = mpsc::channel(1);
    let keeper = Keeper {
        models: receiver,
        issuers: supplied,
        store,
        book: Arc::<Slate>::default(),
        orders: orders_out,
        renewals,
        clock,
    };
    let task = tokio::spawn(keeper.run(cancel.clone()));
    Stage { issuers, models, orders, issuer, ask, cancel, task, started, begins }
}

fn employed(issuer: &Arc<Script>) -> Issuers {
    let employed = Employed { issuer: issuer.clone(), plan: Arc::default() };
    Issuers::from([("local".into(), employed)])
}

impl Stage {
    async fn until(&mut self, what: impl Fn(&[Order]) -> bool) -> Vec<Order> {
        let orders = tokio::time::timeout(
            Duration::from_secs(400 * 86_400),
            self.orders.wait_for(|orders| what(orders)),
        );
        orders.await.expect("in time").expect("the keeper runs").to_vec()
    }

    async fn end(self) {
        self.cancel.cancel();
        self.task.await.expect("the keeper does not panic");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_obtained_and_then_renewed_when_a_third_is_left() {
    let mut stage = stage(vec![want("ns/a", &["a.test"], None)], &[], false);
    let orders =
        stage.until(|orders| orders.iter().any(|order| order.state == OrderState::Issued)).await;
    let renewal = orders[0].next_attempt.expect("it is looked at again");
    let days = renewal.duration_since(stage.begins).as_secs_f64() / 86_400.0;
    assert!((55.0..=60.4).contains(&days), "renewed after {days} days");

    let issuer = stage.issuer.clone();
    stage.until(|_| issuer.asked.lock().unwrap().len() == 2).await;
    assert!(stage.started.elapsed().as_secs_f64() / 86_400.0 > 54.0);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_and_tried_again_later_each_time() {
    let mut stage = stage(
        vec![want("ns/a", &["a.test"], None)],
        &["no route", "still no route", "panic"],
        false,
    );
    let failed =
        stage.until(|orders| orders.iter().any(|order| order.message == "still no route")).await;
    assert_eq!(failed[0].state, OrderState::Failed);
    assert!(failed[0].next_attempt.expect("a retry") > failed[0].updated);
    stage.until(|orders| orders.iter().any(|order| order.message.contains("ended early"))).await;
    stage.until(|orders| orders.iter().any(|order| order.state == OrderState::Issued)).await;
    let waited = stage.started.elapsed();
    assert!(waited >= Duration::from_secs(1 + 2 + 4), "only {waited:?}");
    assert_eq!(stage.issuer.asked.lock().unwrap().len(), 4);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_issuer_refused_is_asked_at_once_of_the_one_that_is_made_of_better_settings() {
    let mut stage = stage(vec![want("ns/a", &["a.test"], None)], &["refused"], false);
    let failed =
        stage.until(|orders| orders.iter().any(|order| order.state == OrderState::Failed)).await;
    let pause = failed[0].next_attempt.expect("a retry").duration_since(failed[0].updated);
    assert!(pause >= SignedDuration::from_hours(1), "only {pause:?}");
    let clock = stage.issuer.clock.clone();
    let better = Arc::new(Script {
        clock,
        failures: Mutex::default(),
        asked: Mutex::default(),
        most_at_once: Mutex::default(),
    });
    stage.issuers.send_replace(Arc::new(employed(&better)));
    stage.until(|orders| orders.iter().any(|order| order.state == OrderState::Issued)).await;
    assert!(stage.started.elapsed() < Duration::from_secs(60));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_bad_order_holds_up_no_other_and_few_are_at_work_at_once() {
    let wants = (0..40).map(|n| want(&format!("ns/{n}"), &[&format!("n{n}.test")], None)).collect();
    let mut stage = stage(wants, &["one fails"], false);
    stage
        .until(|orders| {
            orders.len() == 40 && orders.iter().all(|order| order.state == OrderState::Issued)
        })
        .await;
    assert_eq!(stage.issuer.most_at_once.lock().unwrap().1, AT_ONCE);
    assert_eq!(stage.issuer.asked.lock().unwrap().len(), 41);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_does_not_come_back_is_not_obtained_in_a_hot_loop() {
    let mut stage = stage(vec![want("ns/a", &["a.test"], None)], &[], true);
    stage
        .until(|orders| orders.iter().any(|order| order.message.contains("did not come back")))
        .await;
    assert!(stage.started.elapsed() >= Duration::from_secs(30));
    assert_eq!(stage.issuer.asked.lock().unwrap().len(), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_does_not_exist_is_told() {
    let mut other = want("ns/a", &["a.test"], None);
    other.issuer = "acme".into();
    let mut stage = stage(vec![other], &[], false);
    let orders = stage.until(|orders| !orders.is_empty()).await;
    assert_eq!(orders[0].message, "there is no Issuer \"acme\": create it, or name another");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_wants_any_more_is_forgotten() {
    let mut stage = stage(vec![want("ns/a", &["a.test"], None)], &["not yet"], false);
    stage.until(|orders| orders.iter().any(|order| order.state == OrderState::Failed)).await;
    stage.models.send_replace(Arc::default());
    stage.until(<[Order]>::is_empty).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_operator_has_a_good_certificate_renewed() {
    let mut stage = stage(vec![want("ns/a", &["a.test"], None)], &[], false);
    stage.until(|orders| orders.iter().any(|order| order.stage == OrderStage::Served)).await;
    let first = stage.models.borrow().wants[0].held.clone().expect("in hand");
    stage.ask.send(CertificateId::store("ns/a")).await.expect("the keeper listens");
    let mut models = stage.models.subscribe();
    let is_new = |model: &Arc<Model>| model.wants[0].held.as_ref() != Some(&first);
    tokio::time::timeout(Duration::from_secs(60), models.wait_for(is_new))
        .await
        .expect("in time")
        .expect("the store lives");
    stage.end().await;
}
