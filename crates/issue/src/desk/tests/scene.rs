//! Everything around a desk.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use model::{
    Certificate, CertificateId, Fingerprint, KeyAlgorithm, Name, ObjectRef, PrivateKey, Want,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;

use crate::{
    Action, Delivery, Desk, Entry, IssueError, Issued, IssuerPlan, Known, Limit, Made, Order,
    Outcome, Progress, RenewalWindow, Request, Stage, Terms, Work,
    budget::{Budgets, Key},
    desk::after,
};

pub const HOUR: SignedDuration = SignedDuration::from_hours(1);
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How often the process writes budgets down.
const SAVED_EVERY: SignedDuration = SignedDuration::from_secs(10);

pub fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("in range")
}

/// A CA that remembers every order, and gives each the same answer each time it is asked.
#[derive(Default)]
pub struct Ca {
    pub lifetime: SignedDuration,
    pub orders: BTreeMap<(CertificateId, u64), CaOrder>,
    /// Of what has been issued and not retired.
    pub live: BTreeSet<Fingerprint>,
    /// By what stands for the PEM here.
    issued: BTreeMap<String, Arc<Certificate>>,
    /// Nobody answers.
    pub away: Vec<(Timestamp, Timestamp)>,
    /// Refused until further notice.
    pub refuses: bool,
    /// Refused before anything is ordered, until further notice.
    pub refuses_at_sight: bool,
    /// Says when to renew, which spares budgets.
    pub has_windows: bool,
    /// All that was issued before is to be renewed at once.
    pub revoked_before: Option<Timestamp>,
    /// Its clock differs by this.
    pub clock: SignedDuration,
    /// Calls that opened an order, by hour since the start.
    pub opened: BTreeMap<i64, u32>,
    pub retired: u32,
    made: u64,
}

pub struct CaOrder {
    polls: u32,
    certificate: Option<Arc<Certificate>>,
}

impl Ca {
    pub fn of(lifetime: SignedDuration) -> Self {
        Self { lifetime, ..Self::default() }
    }

    pub fn is_away(&self, now: Timestamp) -> bool {
        self.away.iter().any(|(from, to)| *from <= now && now < *to)
    }

    fn answers(&self, now: Timestamp) -> Result<(), IssueError> {
        match (self.is_away(now), self.refuses) {
            (true, _) => Err(IssueError::passing("no answer")),
            (false, true) => Err(IssueError::refused("not our zone")),
            (false, false) => Ok(()),
        }
    }

    fn examine(&self) -> Result<Outcome, IssueError> {
        match self.refuses_at_sight {
            true => Err(IssueError::refused("no solver for it")),
            false => Ok(Outcome::Examined),
        }
    }

    fn advance(
        &mut self,
        request: &Request,
        progress: &Progress,
        now: Timestamp,
    ) -> Result<Outcome, IssueError> {
        self.answers(now)?;
        let key = (request.id.clone(), request.serial);
        if !self.orders.contains_key(&key) {
            let hour = now.duration_since(start()).as_hours();
            *self.opened.entry(hour).or_default() += 1;
            self.orders.insert(key.clone(), CaOrder { polls: 0, certificate: None });
        }
        let order = self.orders.get_mut(&key).expect("it was made above");
        if progress.0.is_null() || order.polls == 0 {
            order.polls += u32::from(!progress.0.is_null());
            return Ok(Outcome::Continues {
                progress: Progress(json!({"serial": request.serial})),
                stage: Stage::Validating,
                after: Duration::from_secs(5),
                message: "validating".to_owned(),
            });
        }
        let certificate = order.certificate.clone().unwrap_or_else(|| {
            self.made += 1;
            let not_before = now + self.clock - HOUR;
            let not_after = not_before + self.lifetime;
            certificate(self.made, &request.names, not_before, not_after)
        });
        order.certificate = Some(certificate.clone());
        self.live.insert(certificate.fingerprint);
        let certificate_pem = certificate.fingerprint.to_string();
        self.issued.insert(certificate_pem.clone(), certificate.clone());
        let issued = Issued { certificate_pem, key_pem: String::new(), issued_as: None };
        Ok(Outcome::Delivered(Delivery {
            issued: Arc::new(issued),
            fingerprint: certificate.fingerprint,
            names: certificate.names.clone(),
            key: certificate.key_algorithm,
            not_after: certificate.not_after,
        }))
    }

    fn retire(&mut self, request: &Request, now: Timestamp) -> Result<Outcome, IssueError> {
        if self.is_away(now) {
            return Err(IssueError::passing("no answer"));
        }
        if let Some(order) = self.orders.remove(&(request.id.clone(), request.serial)) {
            self.retired += 1;
            if let Some(certificate) = order.certificate {
                self.live.remove(&certificate.fingerprint);
                self.issued.remove(&certificate.fingerprint.to_string());
            }
        }
        Ok(Outcome::Retired)
    }

    fn window(&self, held: &Certificate, now: Timestamp) -> Result<Outcome, IssueError> {
        self.answers(now)?;
        let ask_again = after(now, DAY);
        let end = held.not_after - self.lifetime / 4;
        let mut window =
            RenewalWindow { start: end - self.lifetime / 10, end, explanation: None, ask_again };
        if self.revoked_before.is_some_and(|before| held.not_before < before && before <= now) {
            (window.start, window.end) = (now - DAY * 2, now - DAY);
        }
        Ok(Outcome::Window(self.has_windows.then_some(window)))
    }
}

pub fn certificate(
    number: u64,
    names: &[Name],
    not_before: Timestamp,
    not_after: Timestamp,
) -> Arc<Certificate> {
    let mut fingerprint = Fingerprint([0; 32]);
    fingerprint.0[..8].copy_from_slice(&number.to_be_bytes());
    Arc::new(Certificate {
        ocsp_staple: None,
        names: names.to_vec(),
        subject: String::new(),
        issuer: String::new(),
        serial: String::new(),
        not_before,
        not_after,
        key_algorithm: KeyAlgorithm::EcdsaP256,
        fingerprint,
        leaf: CertificateDer::from(vec![]),
        issuers: Arc::from([]),
        key: PrivateKey::new(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(vec![]))),
    })
}

/// When the process is killed: at which call, and whether that call still took effect.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    pub at: u32,
    pub took_effect: bool,
}

pub struct Scene {
    pub now: Timestamp,
    pub desk: Desk,
    pub cas: BTreeMap<Arc<str>, Ca>,
    pub known: Known,
    /// What the Model shows.
    pub wants: BTreeMap<CertificateId, Want>,
    /// What was stored comes back from where it was written to only when it is revealed.
    pub shows_late: bool,
    unseen: BTreeMap<CertificateId, (Arc<Certificate>, Arc<str>)>,
    /// What listeners still hold beside what is in hand.
    pub served: BTreeSet<Fingerprint>,
    pub book: BTreeMap<String, Entry>,
    pub budgets: Budgets,
    /// When budgets may be kept next.
    saves: Timestamp,
    pub keeps_book: bool,
    pub calls: u32,
    pub kill: Option<Kill>,
    pub expired: u32,
}

impl Scene {
    pub fn new(cas: impl IntoIterator<Item = (&'static str, Ca, IssuerPlan)>) -> Self {
        let mut known = Known::default();
        let mut all = BTreeMap::new();
        for (name, ca, plan) in cas {
            known.0.insert(
                name.into(),
                Terms { plan: plan.into(), leaves_traces: true, made: Made::default() },
            );
            all.insert(name.into(), ca);
        }
        let mut scene = Self {
            now: start(),
            desk: Desk::default(),
            cas: all,
            known,
            wants: BTreeMap::new(),
            shows_late: false,
            unseen: BTreeMap::new(),
            served: BTreeSet::new(),
            book: BTreeMap::new(),
            budgets: Budgets::default(),
            saves: start() + SAVED_EVERY,
            keeps_book: true,
            calls: 0,
            kill: None,
            expired: 0,
        };
        scene.restart();
        scene
    }

    pub fn one(ca: Ca) -> Self {
        Self::new([("ca", ca, IssuerPlan::default())])
    }

    pub fn ca(&mut self, name: &str) -> &mut Ca {
        self.cas.get_mut(name).expect("it exists")
    }

    /// The process begins anew with what was kept.
    pub fn restart(&mut self) {
        let entries = self.book.values().cloned().collect();
        self.desk = Desk::open(entries, self.budgets.clone(), self.now);
        self.desk.employ(self.known.clone(), self.now);
        self.look();
    }

    pub fn want(&mut self, id: &str, names: &[&str]) {
        let names: Vec<Name> =
            names.iter().map(|name| Name::parse(name).expect("a name")).collect();
        let id = CertificateId::store(id);
        let want = self.wants.entry(id.clone()).or_insert_with(|| Want {
            id: id.clone(),
            names: Vec::new(),
            issuer: "ca".into(),
            key: None,
            wanted_by: ObjectRef::namespaced("Ingress", "shop", "web"),
            held: None,
            held_from: None,
        });
        want.names = names;
        self.show(&id);
    }

    /// The Model shows a want as it is now.
    pub fn show(&mut self, id: &CertificateId) {
        let served = &self.served;
        self.desk.take(&self.wants[id], &|held| served.contains(held), self.now);
    }

    /// The Model shows all wants, and no others.
    pub fn look(&mut self) {
        let wants = self.wants.values().cloned().collect();
        let model = model::Model { wants, ..model::Model::default() };
        if self.served.is_empty() {
            self.desk.look(&model, self.now);
        } else {
            for id in self.wants.keys().cloned().collect::<Vec<_>>() {
                self.show(&id);
            }
        }
    }

    /// Lets time pass until then; everything that is due is done on its way.
    pub fn pass(&mut self, time: SignedDuration) {
        let end = self.now + time;
        loop {
            self.settle();
            match self.desk.wakes() {
                Some(wake) if wake < end => {
                    assert!(wake > self.now, "the desk does not wait");
                    self.now = wake;
                }
                _ => break,
            }
        }
        self.now = end;
        self.settle();
    }

    /// All calls that are due now, one after the other.
    pub fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 100_000, "a hot loop");
            let actions = self.desk.act(self.now);
            if actions.is_empty() {
                return;
            }
            for action in actions {
                if !self.make(action) {
                    self.kill = None;
                    self.restart();
                    break;
                }
            }
        }
    }

    /// False: the process was killed.
    pub fn make(&mut self, action: Action) -> bool {
        self.calls += 1;
        let kill = self.kill.filter(|kill| kill.at == self.calls);
        if kill.is_some_and(|kill| !kill.took_effect) {
            return false;
        }
        let end = self.call(&action.work);
        if kill.is_some() {
            return false;
        }
        self.desk.done(action.slot, end, self.now);
        if let Work::Store { id, .. } = &action.work {
            let id = id.clone();
            self.show(&id);
        }
        if self.keeps_book
            && self.now >= self.saves
            && let Some(budgets) = self.desk.spent(self.now)
        {
            self.budgets = budgets.clone();
            self.saves = self.now + SAVED_EVERY;
        }
        true
    }

    fn call(&mut self, work: &Work) -> Result<Outcome, IssueError> {
        let now = self.now;
        match work {
            Work::Keep(entry) => {
                if self.keeps_book {
                    self.book.insert(entry.page_name(), (**entry).clone());
                }
                Ok(Outcome::Kept)
            }
            Work::Examine { issuer, .. } => self.ca(issuer).examine(),
            Work::Advance { issuer, request, progress } => {
                self.ca(issuer).advance(request, progress, now)
            }
            Work::Store { id, issuer, issued } => {
                self.store(id, issuer, &issued.certificate_pem);
                Ok(Outcome::Stored)
            }
            Work::Retire { issuer, request, page, .. } => {
                let end = self.ca(issuer).retire(request, now)?;
                self.book.remove(page);
                Ok(end)
            }
            Work::AskWindow { issuer, held } => self.ca(issuer).window(held, now),
        }
    }

    fn store(&mut self, id: &CertificateId, issuer: &Arc<str>, fingerprint: &str) {
        let held = self.cas[issuer].issued[fingerprint].clone();
        if self.shows_late {
            self.unseen.insert(id.clone(), (held, issuer.clone()));
            return;
        }
        let want = self.wants.get_mut(id).expect("it is wanted");
        if want.held.as_ref().is_some_and(|old| old.is_expired(self.now)) {
            self.expired += 1;
        }
        want.held = Some(held);
        want.held_from = Some(issuer.clone());
    }

    /// The Model shows all that was stored.
    pub fn reveal(&mut self) {
        for (id, (held, issuer)) in std::mem::take(&mut self.unseen) {
            let want = self.wants.get_mut(&id).expect("it is wanted");
            (want.held, want.held_from) = (Some(held), Some(issuer));
            self.show(&id);
        }
    }

    /// How many orders the CA's account has left.
    pub fn left(&self, limit: &Limit) -> usize {
        let key = Key { issuer: "ca".into(), limit: limit.name.clone(), of: String::new() };
        let plan = &self.known.0["ca"].plan;
        let limit = plan.limits.iter().find(|found| found.name == limit.name);
        self.desk.budgets.left(limit.expect("it is the CA's"), &key, self.now)
    }

    /// What was stored last, seen or not.
    pub fn stored(&self, id: &str) -> Option<Fingerprint> {
        let id = CertificateId::store(id);
        let seen = || self.wants[&id].held.as_ref();
        self.unseen.get(&id).map(|(held, _)| held).or_else(seen).map(|held| held.fingerprint)
    }

    pub fn held(&self, id: &str) -> Option<&Arc<Certificate>> {
        self.wants[&CertificateId::store(id)].held.as_ref()
    }

    pub fn order(&self, id: &str) -> Order {
        let orders = self.desk.orders(self.now);
        orders.into_iter().find(|order| order.id.as_str() == id).expect("it is wanted")
    }
}
