//! The place of one listener: what is wanted there, what is open, and what stands in the way.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use model::Listener;
use tokio::time::Instant;
use tracing::warn;

use crate::{ServedListener, listener::Door};

const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(5);

pub struct Slot {
    wanted: Arc<Listener>,
    door: Option<Door>,
    trouble: Option<Trouble>,
    /// Of servers that share the port, while the others are served.
    servers_trouble: Option<String>,
    /// What is wanted is in force, or never will be.
    settled: bool,
    made: Timestamp,
}

struct Trouble {
    message: String,
    retry: Option<(Instant, Duration)>,
}

impl Slot {
    pub fn new(wanted: &Arc<Listener>) -> Self {
        let made = Timestamp::now();
        Self {
            wanted: wanted.clone(),
            door: None,
            trouble: None,
            servers_trouble: None,
            settled: false,
            made,
        }
    }

    /// Changes what is wanted. Equal settings change nothing, and a retry keeps its time.
    pub fn want(&mut self, wanted: &Arc<Listener>) {
        if !Arc::ptr_eq(&self.wanted, wanted) && self.wanted != *wanted {
            self.settled = false;
        }
        self.wanted = wanted.clone();
    }

    pub fn wanted(&self) -> &Arc<Listener> {
        &self.wanted
    }

    pub fn door(&self) -> Option<&Door> {
        self.door.as_ref()
    }

    pub fn take_door(&mut self) -> Option<Door> {
        self.settled = false;
        self.door.take()
    }

    pub fn into_door(self) -> Option<Door> {
        self.door
    }

    pub fn is_settled(&self) -> bool {
        self.settled
    }

    pub fn retry_at(&self) -> Option<Instant> {
        Some(self.trouble.as_ref()?.retry?.0)
    }

    /// What is wanted is in force.
    pub fn settle(&mut self) {
        self.settled = true;
        self.trouble = None;
    }

    /// What is wanted is in force behind a new door; yields the former one.
    pub fn open(&mut self, door: Door) -> Option<Door> {
        self.settle();
        self.door.replace(door)
    }

    /// The wanted settings cannot be used; only other ones can help.
    pub fn fail_for_good(&mut self, message: &str) {
        self.settled = true;
        self.fail(message, None);
    }

    /// The address cannot be had; it is tried again, ever less often.
    pub fn fail_for_now(&mut self, message: &str) {
        self.settled = false;
        let former = self.trouble.as_ref().and_then(|trouble| trouble.retry);
        let wait = former.map_or(FIRST_RETRY, |(_, wait)| (wait * 2).min(LAST_RETRY));
        self.fail(message, Some((Instant::now() + wait, wait)));
    }

    /// Some of its servers cannot be served as they are wanted.
    pub fn tell_of_servers(&mut self, trouble: Option<String>) {
        if let Some(message) = trouble.as_ref().filter(|_| trouble != self.servers_trouble) {
            warn!(listener = %self.wanted.key, "{message}");
        }
        self.servers_trouble = trouble;
    }

    fn fail(&mut self, message: &str, retry: Option<(Instant, Duration)>) {
        if self.trouble.as_ref().is_none_or(|trouble| trouble.message != message) {
            warn!(listener = %self.wanted.key, "{message}");
        }
        self.trouble = Some(Trouble { message: message.to_owned(), retry });
    }

    pub fn served(&self) -> ServedListener {
        let error = self.trouble.as_ref().map(|trouble| &trouble.message);
        let error = error.or(self.servers_trouble.as_ref()).cloned();
        match &self.door {
            Some(door) => {
                let state = door.shared.state.load();
                ServedListener {
                    address: Some(door.shared.bound),
                    listener: state.listener.clone(),
                    error,
                    version: state.version.clone(),
                    last_updated: state.since,
                    rejected: state.rejected.clone(),
                }
            }
            None => ServedListener {
                address: None,
                listener: self.wanted.clone(),
                error,
                version: "".into(),
                last_updated: self.made,
                rejected: Vec::new(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
