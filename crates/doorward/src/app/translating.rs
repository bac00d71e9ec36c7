//! The loop around the translation: a World in, a Model and verdicts out, again whenever the
//! World changes or time alone changes the answer.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use model::{Model, ObjectRef, Reason, State, Verdict};
use tokio::{
    sync::watch,
    task::block_in_place,
    time::{Instant, sleep},
};
use tracing::{debug, info, warn};
use translate::{Memory, Settings, Translator, World};

use super::issuing::workshop;
use crate::metrics::Reconciles;

/// However soon time changes the answer, not sooner: a clock that jitters must not make a hot loop.
const SHORTEST_SLEEP: Duration = Duration::from_millis(200);
/// A clock that was set is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(15 * 60);

/// Problems logged after one change; the API shows them all.
const TOLD_AT_ONCE: usize = 20;

/// Where translations go.
pub struct Outlet {
    pub models: watch::Sender<Arc<Model>>,
    pub verdicts: watch::Sender<Arc<Vec<Verdict>>>,
    /// The World that the two above come from.
    pub worlds: watch::Sender<Arc<World>>,
    /// What is remembered now, as far as a restart needs it, whether it was concluded here or
    /// taken over. Sent before the World, so that who finds that finds what was made of it.
    pub memories: watch::Sender<Arc<Memory>>,
}

pub struct Translating {
    worlds: watch::Receiver<Arc<World>>,
    /// What the leader remembers, to be taken over; `None`: this replica is on its own.
    led: Option<watch::Receiver<Arc<Memory>>>,
    settings: Settings,
    memory: Arc<Memory>,
    translator: Translator,
    outlet: Outlet,
    reconciles: Reconciles,
}

impl Translating {
    /// Translates once, so that the outlet holds a Model from here on.
    pub fn start(
        worlds: watch::Receiver<Arc<World>>,
        settings: Settings,
        memory: Memory,
        led: Option<watch::Receiver<Arc<Memory>>>,
        outlet: Outlet,
        reconciles: Reconciles,
    ) -> (Self, Option<Timestamp>) {
        let translator = Translator::default();
        let memory = Arc::new(memory);
        let mut started = Self { worlds, led, settings, memory, translator, outlet, reconciles };
        let next_change = started.translate();
        (started, next_change)
    }

    /// Follows the World until its source ends.
    pub async fn run(mut self, mut next_change: Option<Timestamp>) {
        loop {
            tokio::select! {
                changed = self.worlds.changed() => if changed.is_err() { return },
                () = led_differently(&mut self.led) => {}
                () = sleep(until(next_change, Timestamp::now())) => {}
            }
            next_change = block_in_place(|| self.translate());
        }
    }

    /// Remembers what the leader does, so that all replicas choose alike.
    fn take_over(&mut self) {
        let Some(led) = &mut self.led else { return };
        if led.has_changed().unwrap_or_default() {
            let mut memory = Memory::clone(&self.memory);
            memory.adopt(&led.borrow_and_update());
            self.memory = Arc::new(memory);
        }
    }

    /// Returns when time alone changes the answer.
    fn translate(&mut self) -> Option<Timestamp> {
        let world = self.worlds.borrow_and_update().clone();
        self.take_over();
        let started = Instant::now();
        let mut translation =
            self.translator.translate(&world, &self.settings, &self.memory, Timestamp::now());
        workshop::judge(&translation.model, &mut translation.verdicts);
        let took = started.elapsed();
        let listeners = translation.model.listeners().count();
        self.reconciles.reconciled(took, &translation.verdicts, listeners);
        debug!(generation = world.generation, ?took, listeners, "translated");

        // Verdicts first: who waits for a Model finds the verdicts that belong to it.
        self.tell_of(&translation.verdicts);
        publish(&self.outlet.verdicts, translation.verdicts);
        publish(&self.outlet.models, translation.model);
        self.memory = Arc::new(translation.memory);
        self.outlet.memories.send_if_modified(|told| {
            let differs = self.memory.differs_for_a_restart(told);
            if differs {
                told.clone_from(&self.memory);
            }
            differs
        });
        self.outlet.worlds.send_replace(world);
        translation.next_change
    }

    /// Logs the problems that were not there before.
    fn tell_of(&self, verdicts: &[Verdict]) {
        let known = self.outlet.verdicts.borrow();
        let new = new_problems(&known, verdicts);
        for verdict in new.iter().take(TOLD_AT_ONCE) {
            let Verdict { object, state, reason, message, .. } = verdict;
            let field = verdict.field.as_deref();
            let origin = verdict.origin.as_ref().map(ToString::to_string);
            if *reason == Reason::CertificatePending {
                info!(%object, %reason, field, origin, "{message}");
            } else {
                warn!(%object, %state, %reason, field, origin, "{message}");
            }
        }
        if let Some(more @ 1..) = new.len().checked_sub(TOLD_AT_ONCE) {
            warn!(more, "more problems: see `doorward get verdicts`");
        }
    }
}

/// Returns when the leader's memory has changed; never, where nobody leads.
async fn led_differently(memories: &mut Option<watch::Receiver<Arc<Memory>>>) {
    if let Some(receiver) = memories {
        if receiver.changed().await.is_ok() {
            // For the translation to see, and to take over.
            receiver.mark_changed();
            return;
        }
        *memories = None;
    }
    std::future::pending().await
}

/// The problems of `verdicts` that `known` does not hold.
fn new_problems<'a>(known: &[Verdict], verdicts: &'a [Verdict]) -> Vec<&'a Verdict> {
    fn facts(verdict: &Verdict) -> (&ObjectRef, Reason, Option<&str>, &str) {
        (&verdict.object, verdict.reason, verdict.field.as_deref(), &verdict.message)
    }
    let is_problem = |verdict: &&Verdict| verdict.state != State::Accepted;
    let known: HashSet<_> = known.iter().filter(is_problem).map(facts).collect();
    verdicts.iter().filter(is_problem).filter(|verdict| !known.contains(&facts(verdict))).collect()
}

fn until(next_change: Option<Timestamp>, now: Timestamp) -> Duration {
    let wait = next_change.map_or(LONGEST_SLEEP, |next| {
        Duration::try_from(next.duration_since(now)).unwrap_or(Duration::ZERO)
    });
    wait.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
}

/// Equal means silence.
pub fn publish<T: PartialEq>(sender: &watch::Sender<Arc<T>>, new: T) {
    sender.send_if_modified(|held| {
        let differs = **held != new;
        if differs {
            *held = Arc::new(new);
        }
        differs
    });
}

#[cfg(test)]
mod tests;
