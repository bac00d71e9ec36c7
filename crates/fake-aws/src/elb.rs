//! Elastic Load Balancing: listeners and their certificates.

mod operations;
pub(crate) mod protocol;

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;

use crate::{FakeAws, world::World};

const PREFIX: &str = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:";

/// How long a certificate counts as used after it was taken off a listener.
const RELEASE: Duration = Duration::from_secs(4 * 60);
/// AWS's quota.
const MOST: usize = 25;

pub(crate) struct Elb {
    listeners: Vec<Listener>,
    /// Certificates that were let go: when, which, by which load balancer.
    leaving: Vec<(Timestamp, String, String)>,
    /// Certificates beside the defaults on one load balancer.
    most: usize,
}

impl Default for Elb {
    fn default() -> Self {
        Self { listeners: Vec::new(), leaving: Vec::new(), most: MOST }
    }
}

struct Listener {
    arn: String,
    load_balancer: String,
    default: String,
    /// ARNs from which it chooses by SNI.
    attached: BTreeSet<String>,
}

impl FakeAws {
    /// Makes a load balancer with one HTTPS listener, and gives the listener's ARN.
    pub fn listener(&self, default: &str) -> String {
        let number = self.world().elb.listeners.len();
        let load_balancer = format!("{PREFIX}loadbalancer/app/a{number}/{number:016x}");
        self.make_listener(load_balancer, default)
    }

    /// One more listener of the same load balancer.
    pub fn listener_beside(&self, listener: &str, default: &str) -> String {
        let load_balancer = {
            let world = self.world();
            let one = world.elb.listeners.iter().find(|one| one.arn == listener);
            one.expect("the test made it").load_balancer.clone()
        };
        self.make_listener(load_balancer, default)
    }

    fn make_listener(&self, load_balancer: String, default: &str) -> String {
        let mut world = self.world();
        let of = load_balancer.rsplit_once("loadbalancer/").map_or("", |(_, of)| of);
        let arn = format!("{PREFIX}listener/{of}/{:016x}", world.elb.listeners.len());
        world.elb.listeners.push(Listener {
            arn: arn.clone(),
            load_balancer,
            default: default.to_owned(),
            attached: BTreeSet::new(),
        });
        settle(&mut world);
        arn
    }

    /// Puts a certificate on a listener past the API, as its owner does.
    pub fn attach(&self, listener: &str, arn: &str) {
        let mut world = self.world();
        let one = world.elb.listeners.iter_mut().find(|one| one.arn == listener);
        one.expect("the test made it").attached.insert(arn.to_owned());
        settle(&mut world);
    }

    /// Takes everything but the default off a listener, past the API.
    pub fn detach_all(&self, listener: &str) {
        let mut world = self.world();
        let one = world.elb.listeners.iter_mut().find(|one| one.arn == listener);
        one.expect("the test made it").attached.clear();
    }

    /// What is attached beside the default; sorted.
    pub fn attached(&self, listener: &str) -> Vec<String> {
        let world = self.world();
        let one = world.elb.listeners.iter().find(|one| one.arn == listener);
        one.expect("the test made it").attached.iter().cloned().collect()
    }

    /// The quota of certificates beside the defaults on each load balancer.
    pub fn allow_listener_certificates(&self, most: usize) {
        self.world().elb.most = most;
    }

    /// ARN of the certificate that a client who asks for `host` gets.
    pub fn handshake(&self, listener: &str, host: &str) -> String {
        let world = self.world();
        let one = world.elb.listeners.iter().find(|one| one.arn == listener);
        let one = one.expect("the test made it");
        let covers = |name: &String| {
            let parent = name.strip_prefix("*.");
            name == host || parent.is_some_and(|p| host.split_once('.').is_some_and(|h| h.1 == p))
        };
        let fits = |arn: &&String| {
            world.acm.certificates.get(*arn).is_some_and(|one| one.names.iter().any(covers))
        };
        one.attached.iter().find(fits).unwrap_or(&one.default).clone()
    }

    pub fn default_certificate(&self, listener: &str) -> String {
        let world = self.world();
        let one = world.elb.listeners.iter().find(|one| one.arn == listener);
        one.expect("the test made it").default.clone()
    }

    /// Load balancers that Certificate Manager says hold the certificate.
    pub fn is_in_use(&self, arn: &str) -> Vec<String> {
        let mut world = self.world();
        settle(&mut world);
        world.acm.certificates.get(arn).map(|one| one.in_use_by.clone()).unwrap_or_default()
    }
}

/// Tells Certificate Manager who holds what; who let go, it notices late.
pub(crate) fn settle(world: &mut World) {
    let World { elb, acm, now, .. } = world;
    for listener in &elb.listeners {
        for arn in listener.attached.iter().chain([&listener.default]) {
            if let Some(one) = acm.certificates.get_mut(arn)
                && !one.in_use_by.contains(&listener.load_balancer)
            {
                one.in_use_by.push(listener.load_balancer.clone());
            }
        }
    }
    let Elb { listeners, leaving, .. } = elb;
    leaving.retain(|(at, arn, load_balancer)| {
        let is_back = listeners.iter().any(|one| {
            one.load_balancer == *load_balancer
                && (one.attached.contains(arn) || one.default == *arn)
        });
        let is_due = *at <= *now;
        if is_due
            && !is_back
            && let Some(one) = acm.certificates.get_mut(arn)
        {
            one.in_use_by.retain(|user| user != load_balancer);
        }
        !is_due && !is_back
    });
}

fn release_at(now: Timestamp) -> Timestamp {
    now.checked_add(RELEASE).expect("tests stay in the calendar")
}
