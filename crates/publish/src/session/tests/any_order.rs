//! Whatever is subscribed, changed, taken away, acknowledged and refused, in whatever order: once
//! the client has answered everything it holds the newest content of what it subscribed to,
//! except for what it refused.

use std::{collections::BTreeMap, sync::OnceLock};

use proptest::{collection::vec, prelude::*};
use testkit::pki::Issued;

use super::Pair;
use crate::{
    fixture::{leaf, reach},
    session::{Flavour, IN_FLIGHT, PATIENCE, Push, Standing},
};

const NAMES: [&str; 4] = ["kubernetes://a", "kubernetes://b", "kubernetes://c", "kubernetes://d"];

#[derive(Clone, Debug)]
enum Step {
    Subscribe(usize),
    Unsubscribe(usize),
    Put(usize, usize),
    Remove(usize),
    Break(usize),
    Send,
    Answer { index: usize, refuse: bool },
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..NAMES.len();
    prop_oneof![
        name.clone().prop_map(Step::Subscribe),
        name.clone().prop_map(Step::Unsubscribe),
        (name.clone(), 0..3_usize).prop_map(|(name, pair)| Step::Put(name, pair)),
        name.clone().prop_map(Step::Remove),
        name.prop_map(Step::Break),
        Just(Step::Send),
        (any::<usize>(), any::<bool>()).prop_map(|(index, refuse)| Step::Answer { index, refuse }),
        Just(Step::Wait),
    ]
}

fn pairs() -> &'static [Issued; 3] {
    static PAIRS: OnceLock<[Issued; 3]> = OnceLock::new();
    PAIRS.get_or_init(|| ["a.test"; 3].map(leaf))
}

/// The client's end: what it wants, and what was sent and is not answered.
struct Client {
    pair: Pair,
    wanted: Vec<usize>,
    open: Vec<Push>,
    /// The nonce that a SotW client has read last.
    read: String,
}

impl Client {
    fn tell(&mut self, changed: Option<(usize, bool)>) {
        let Some((name, wanted)) = changed else { return };
        self.wanted.retain(|held| *held != name);
        if wanted {
            self.wanted.push(name);
        }
        match (self.pair.session.flavour(), wanted) {
            (Flavour::Delta, true) => self.pair.subscribe(&[NAMES[name]]),
            (Flavour::Delta, false) => self.pair.unsubscribe(&[NAMES[name]]),
            (Flavour::StateOfTheWorld, _) => {
                let nonce = self.read.clone();
                self.ask(&nonce, None);
            }
        }
    }

    fn ask(&mut self, nonce: &str, error: Option<&str>) {
        let names: Vec<&str> = self.wanted.iter().map(|name| NAMES[*name]).collect();
        self.pair.ask_or_refuse(&names, "", nonce, error);
    }

    fn send(&mut self) {
        self.open.extend(self.pair.next());
    }

    fn answer(&mut self, index: usize, refuse: bool) {
        if self.open.is_empty() {
            return;
        }
        let error = refuse.then_some("no");
        match self.pair.session.flavour() {
            Flavour::Delta => {
                let push = self.open.remove(index % self.open.len());
                self.pair.answer(&push, error);
            }
            // In order, and only the newest counts.
            Flavour::StateOfTheWorld => {
                let push = self.open.remove(0);
                self.read = push.nonce.to_string();
                self.ask(&push.nonce, error);
            }
        }
    }

    fn carry_out(&mut self, step: &Step) {
        let secret = |name: usize| &NAMES[name]["kubernetes://".len()..];
        match *step {
            Step::Subscribe(name) => self.tell(Some((name, true))),
            Step::Unsubscribe(name) => self.tell(Some((name, false))),
            Step::Put(name, pair) => self.pair.change(|secrets| {
                secrets.put(secret(name), &pairs()[pair]);
            }),
            Step::Remove(name) => self.pair.change(|secrets| {
                secrets.remove(secret(name));
            }),
            Step::Break(name) => self.pair.change(|secrets| {
                secrets.break_pair(secret(name));
            }),
            Step::Send => self.send(),
            Step::Answer { index, refuse } => self.answer(index, refuse),
            Step::Wait => self.pair.wait(PATIENCE),
        }
    }

    fn settle(&mut self) {
        for _ in 0..1_000 {
            self.send();
            if self.open.is_empty() {
                return;
            }
            self.answer(0, false);
        }
        panic!("it never ends");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_client_ends_up_with_the_newest(steps in vec(step(), 0..60), delta in any::<bool>()) {
        let flavour = if delta { Flavour::Delta } else { Flavour::StateOfTheWorld };
        let (open, read) = (Vec::new(), String::new());
        let mut client = Client { pair: Pair::new(flavour), wanted: Vec::new(), open, read };
        for step in &steps {
            client.carry_out(step);
            prop_assert!(client.pair.session.in_flight.len() <= 2 * IN_FLIGHT);
        }
        client.settle();
        let session = &client.pair.session;
        let wanted: BTreeMap<&str, ()> = client.wanted.iter().map(|n| (NAMES[*n], ())).collect();
        let held: Vec<&str> = session.subscriptions().keys().map(|name| &**name).collect();
        prop_assert_eq!(held, wanted.into_keys().collect::<Vec<_>>());
        for (name, subscription) in session.subscriptions() {
            let found = client.pair.catalogue.find(name, &reach());
            match (subscription.standing(), found.content) {
                (Standing::Acked, Some(content)) => {
                    let acked = subscription.acked_content().unwrap();
                    prop_assert_eq!(&acked.content.version, &content.version);
                }
                (Standing::Rejected, Some(content)) => {
                    prop_assert_eq!(&subscription.refusal().unwrap().version, &content.version);
                }
                (Standing::Missing, None) => {}
                (standing, found) => {
                    prop_assert!(false, "{name}: {standing:?}, content: {}", found.is_some());
                }
            }
        }
    }
}

#[test]
fn what_was_refused_stays_so_while_an_older_answer_is_on_its_way() {
    let (open, read) = (Vec::new(), String::new());
    let pair = Pair::new(Flavour::StateOfTheWorld);
    let mut client = Client { pair, wanted: Vec::new(), open, read };
    for step in [
        Step::Put(1, 2),
        Step::Subscribe(1),
        Step::Send,
        Step::Put(1, 0),
        Step::Answer { index: 0, refuse: true },
        Step::Send,
        Step::Put(1, 2),
        Step::Wait,
    ] {
        client.carry_out(&step);
    }
    client.settle();
    assert_eq!(client.pair.session.subscriptions()[NAMES[1]].standing(), Standing::Rejected);
}
