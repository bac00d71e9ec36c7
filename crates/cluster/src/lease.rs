//! Elects the one replica that may issue and write: whoever holds the Lease `doorward` of the
//! store namespace.
//!
//! `observe` decides purely what a replica does next; `run` is the loop that does it; a `term` is
//! one time of being the leader, and the only way to write as such.
//!
//! No wall clock is ever compared (docs/decisions/0007). A replica takes the lease over when it
//! has itself watched the record unchanged for the lease's whole duration. A leader stops writing
//! when its last renewal was sent longer ago than the renew deadline, which is shorter. So
//! clocks may differ at will, as long as they run at about the same speed.

#[cfg(test)]
pub(crate) mod fixture;
mod leadership;
mod observe;
mod run;
mod term;

use std::{sync::Arc, time::Duration};

pub use leadership::{Leadership, LeaseView};
pub use run::{Election, elect};
pub use term::{Term, WriteError};

/// The Lease of all replicas of one Doorward.
pub const NAME: &str = "doorward";

/// How long everything takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Others wait this long before they take over.
    pub lease: Duration,
    /// The leader stops writing this long after it sent its last successful renewal. What is
    /// left until `lease` is for calls still on their way, and for clocks that run unevenly.
    pub renew_deadline: Duration,
    /// Between two looks, or two renewals; up to a fifth is added at random.
    pub retry: Duration,
}

impl Default for Pace {
    /// As Kubernetes' own controllers have it.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

impl Pace {
    /// One call may take half of what is left to the leader, so that there is time for another.
    fn attempt(&self) -> Duration {
        self.renew_deadline / 2
    }

    /// A call that was given up may still arrive. After this time it will not, or the lease
    /// would protect nobody.
    fn margin(&self) -> Duration {
        self.lease.saturating_sub(self.renew_deadline)
    }
}

/// Who a replica is: the name of its pod or host, made unique, since a pod's container that
/// restarts is another one.
pub fn identity(name: &str) -> Arc<str> {
    let [a, b, c, d] = random();
    format!("{name}_{a:02x}{b:02x}{c:02x}{d:02x}").into()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // It fails only where the system has no randomness, where TLS does not start either; and
    // nothing secret depends on these bytes.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    bytes
}
