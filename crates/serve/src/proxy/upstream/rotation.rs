//! The endpoints of one backend: in turn, by how busy they are, or by the client's address.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use foldhash::quality::FixedState;
use model::{Backend, Balancing, ForwardTarget};

use super::{busy::Busy, station::Station};

/// Where the turn of a backend stands.
#[derive(Debug)]
pub struct Rotation {
    /// Kept so that its address stays its own, see [`super::Upstream`].
    pub backend: Arc<Backend>,
    stations: Vec<Arc<Station>>,
    next: AtomicUsize,
}

impl Rotation {
    /// Starts anywhere, so that many gateways or many Models do not all begin with the first.
    pub fn new(backend: Arc<Backend>, stations: Vec<Arc<Station>>) -> Self {
        let start = RandomState::new().hash_one(0_u8) as usize;
        Self { backend, stations, next: AtomicUsize::new(start) }
    }

    /// An endpoint that was not tried yet; one that failed lately only when there is no other.
    pub fn pick(&self, tried: &[Arc<Station>], client: IpAddr) -> Option<&Arc<Station>> {
        match self.backend.balancing {
            Balancing::InTurn => self.next(tried),
            Balancing::LeastBusy => self.least_busy(tried),
            Balancing::SourceAddress => self.of_client(tried, client.to_canonical()),
        }
    }

    /// Counts a request at the endpoint that was picked for it, where anybody looks at that.
    pub fn occupy(&self, station: &Arc<Station>) -> Option<Busy> {
        (self.backend.balancing == Balancing::LeastBusy).then(|| Busy::with(station))
    }

    fn least_busy(&self, tried: &[Arc<Station>]) -> Option<&Arc<Station>> {
        let start = self.next.fetch_add(1, Relaxed).checked_rem(self.stations.len())?;
        let (behind, ahead) = self.stations.split_at(start);
        let untried = ahead.iter().chain(behind).filter(|station| !is_among(tried, station));
        // The first of equals.
        untried.min_by_key(|station| (station.shunned.is_on(), station.under_way.load(Relaxed)))
    }

    /// By rendezvous hashing: when an endpoint comes or goes, only its own clients move.
    fn of_client(&self, tried: &[Arc<Station>], client: IpAddr) -> Option<&Arc<Station>> {
        let untried = self.stations.iter().filter(|station| !is_among(tried, station));
        untried.max_by_key(|station| {
            let weight = FixedState::default().hash_one((&*station.label, client));
            (!station.shunned.is_on(), weight)
        })
    }

    fn next(&self, tried: &[Arc<Station>]) -> Option<&Arc<Station>> {
        if self.stations.is_empty() {
            return None;
        }
        let start = self.next.fetch_add(1, Relaxed) % self.stations.len();
        let (behind, ahead) = self.stations.split_at(start);
        let mut fallback = None;
        for station in ahead.iter().chain(behind) {
            if is_among(tried, station) {
                continue;
            }
            if !station.shunned.is_on() {
                return Some(station);
            }
            fallback = fallback.or(Some(station));
        }
        fallback
    }
}

fn is_among(tried: &[Arc<Station>], station: &Arc<Station>) -> bool {
    tried.iter().any(|other| Arc::ptr_eq(other, station))
}

/// The target whose turn it is. Weights of 90 and 10 are exact in any ten turns in a row, and
/// the turns are mixed, not in runs. Targets without endpoints are passed over while another
/// has some.
pub fn pick_target(targets: &[ForwardTarget], turn: usize) -> Option<&ForwardTarget> {
    if let [only] = targets {
        return Some(only).filter(|_| only.weight > 0);
    }
    let has_endpoints = |target: &&ForwardTarget| !target.backend.endpoints.is_empty();
    pick_weighted(targets.iter().filter(has_endpoints), turn)
        .or_else(|| pick_weighted(targets.iter(), turn))
}

fn pick_weighted<'a>(
    targets: impl Iterator<Item = &'a ForwardTarget> + Clone,
    turn: usize,
) -> Option<&'a ForwardTarget> {
    let weights = targets.clone().map(|target| u64::from(target.weight));
    let unit = weights.clone().fold(0, gcd);
    let mut place = spread(turn as u64, weights.sum::<u64>().checked_div(unit)?)? * unit;
    for target in targets {
        match place.checked_sub(u64::from(target.weight)) {
            Some(rest) => place = rest,
            None => return Some(target),
        }
    }
    None
}

/// Maps turns onto places below `total` such that neighbours in time lie far apart and every
/// place comes once in `total` turns: steps of about the golden section, coprime to `total`.
fn spread(turn: u64, total: u64) -> Option<u64> {
    let turn = turn.checked_rem(total)?;
    let mut step = (total * 618 / 1000).max(1);
    while gcd(step, total) != 1 {
        step += 1;
    }
    Some(((u128::from(turn) * u128::from(step)) % u128::from(total)) as u64)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests;
