//! What a rule remembers between requests: whose turn it is, and its token buckets.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use model::{Rule, TrafficLimit};

use super::limit::Buckets;
use crate::lock::{lock, read, write};

/// Of all rules that need one. A listener that changed has new rules, which start anew.
#[derive(Debug, Default)]
pub struct RuleStates {
    /// By address of the rule, which its entry keeps alive.
    states: RwLock<HashMap<usize, Arc<RuleState>, foldhash::fast::RandomState>>,
}

#[derive(Debug)]
struct RuleState {
    rule: Arc<Rule>,
    turn: AtomicUsize,
    /// One for each limit of the rule, made at its first request.
    buckets: Mutex<Vec<(TrafficLimit, Buckets)>>,
}

impl RuleStates {
    /// Counts the requests of a rule up.
    pub fn next_turn(&self, rule: &Arc<Rule>) -> usize {
        self.state(rule).turn.fetch_add(1, Relaxed)
    }

    /// Whether the limit lets one more request of this client through.
    pub fn admit(&self, rule: &Arc<Rule>, limit: &TrafficLimit, client: IpAddr) -> bool {
        let state = self.state(rule);
        let now = Instant::now();
        let mut buckets = lock(&state.buckets);
        if !buckets.iter().any(|(of, _)| of == limit) {
            buckets.push((*limit, Buckets::new(limit, now)));
        }
        buckets
            .iter_mut()
            .find(|(of, _)| of == limit)
            .is_none_or(|(_, buckets)| buckets.admit(limit, client, now))
    }

    /// Forgets rules that are in no Model any more.
    pub fn sweep(&self) {
        let mut states = write(&self.states);
        states.retain(|_, state| Arc::strong_count(&state.rule) > 1);
    }

    fn state(&self, rule: &Arc<Rule>) -> Arc<RuleState> {
        let address = Arc::as_ptr(rule).addr();
        let known = read(&self.states).get(&address).cloned();
        known.unwrap_or_else(|| {
            let mut states = write(&self.states);
            let new = || {
                Arc::new(RuleState {
                    rule: rule.clone(),
                    turn: AtomicUsize::new(0),
                    buckets: Mutex::default(),
                })
            };
            states.entry(address).or_insert_with(new).clone()
        })
    }
}
