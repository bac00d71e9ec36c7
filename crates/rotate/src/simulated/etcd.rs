//! The members: connections that live until one end stops, a quorum, a leader.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use jiff::Timestamp;

use super::State;
use crate::{
    HostName, Program, Purpose,
    site::{EtcdAnswer, EtcdAsk, Member, MemberStatus},
};

#[derive(Clone, Debug)]
pub(crate) struct Etcd {
    pub leader: Option<HostName>,
    pub term: u64,
    pub index: u64,
    pub revision: i64,
    pub is_writable: bool,
    pub unrest: Option<Unrest>,
    /// The members that hear enough others to decide anything; empty without a quorum.
    quorum: BTreeSet<HostName>,
    /// Between members, and from the writer (`None`) to one.
    streams: BTreeSet<(Option<HostName>, HostName)>,
}

/// Elections without end, as a slow disk brings them.
#[derive(Clone, Debug)]
pub(crate) struct Unrest {
    pub until: Timestamp,
    /// When another is elected next.
    next: Timestamp,
}

impl Unrest {
    /// How long each leader stays.
    const REIGN: Duration = Duration::from_secs(1);

    pub(super) fn from(now: Timestamp, lasts: Duration) -> Self {
        Self { until: now + lasts, next: now + Self::REIGN }
    }
}

impl Default for Etcd {
    /// With a history, so that there is something to replay.
    fn default() -> Self {
        Self {
            leader: None,
            term: 0,
            index: 1_203_441,
            revision: 800_000,
            is_writable: false,
            unrest: None,
            quorum: BTreeSet::new(),
            streams: BTreeSet::new(),
        }
    }
}

impl Etcd {
    /// Entries come in where there is a leader; where there is unrest, it is another one.
    pub(super) fn work_on(&mut self, now: Timestamp) {
        let Some(leader) = &self.leader else { return };
        self.index += 1;
        self.revision += 1;
        let Some(unrest) = self.unrest.as_mut().filter(|unrest| unrest.next <= now) else { return };
        unrest.next = now + Unrest::REIGN;
        if unrest.until <= now {
            self.unrest = None;
        }
        let after = self.quorum.iter().find(|host| *host > leader).or(self.quorum.first());
        self.leader = after.cloned();
        self.term += 1;
    }
}

pub(crate) const CLUSTER: u64 = 0xc1;

impl State {
    /// Connections are made where both sides accept each other, and a leader is chosen where
    /// enough members hear each other. What is connected stays so while both ends run.
    pub(super) fn settle(&mut self) {
        let up = self.up(Program::Etcd);
        self.etcd.streams.retain(|(from, to)| {
            up.contains(to) && from.as_ref().is_none_or(|from| up.contains(from))
        });
        for one in &up {
            for other in up.iter().filter(|other| *other > one) {
                if self.meet(one, other) {
                    self.etcd.streams.insert((Some(one.clone()), other.clone()));
                }
            }
            if self.writer_gets_in(one) {
                self.etcd.streams.insert((None, one.clone()));
            }
        }
        self.etcd.quorum = self.find_quorum();
        let quorum = &self.etcd.quorum;
        if self.etcd.leader.as_ref().is_none_or(|leader| !quorum.contains(leader)) {
            self.etcd.leader = quorum.last().cloned();
            self.etcd.term += u64::from(self.etcd.leader.is_some());
        }
        self.etcd.is_writable = self.can_write();
    }

    fn meet(&self, one: &HostName, other: &HostName) -> bool {
        let accepts = |host: &HostName, peer: &HostName| {
            let chain = self.chain(peer, Program::Etcd, Purpose::EtcdPeer);
            chain.is_some_and(|chain| self.lets_in(host, Program::Etcd, Purpose::EtcdPeer, &chain))
        };
        accepts(one, other) && accepts(other, one)
    }

    /// As the API server's process does, or as whoever uses the client's pair.
    fn writer_gets_in(&self, member: &HostName) -> bool {
        let Some(server) = self.chain(member, Program::Etcd, Purpose::EtcdServer) else {
            return false;
        };
        self.machines.iter().any(|(host, machine)| {
            let (program, purpose, trusted) = match machine.component(Program::KubeApiserver) {
                Some(_) => {
                    let trusted =
                        self.lets_in(host, Program::KubeApiserver, Purpose::ApiserverEtcd, &server);
                    (Program::KubeApiserver, Purpose::ApiserverEtcd, trusted)
                }
                None => (Program::Etcd, Purpose::EtcdClient, true),
            };
            let chain = self.chain(host, program, purpose);
            trusted
                && chain.is_some_and(|chain| {
                    self.lets_in(member, Program::Etcd, Purpose::EtcdServer, &chain)
                })
        })
    }

    fn members(&self) -> impl Iterator<Item = &HostName> {
        let machines = self.machines.iter();
        let members = machines.filter(|(_, machine)| machine.component(Program::Etcd).is_some());
        members.map(|(host, _)| host)
    }

    fn find_quorum(&self) -> BTreeSet<HostName> {
        let members = self.members().count();
        let up = self.up(Program::Etcd);
        for start in &up {
            let group = self.group(start);
            if group.len() > members / 2 {
                return group;
            }
        }
        BTreeSet::new()
    }

    fn group(&self, start: &HostName) -> BTreeSet<HostName> {
        let mut group = BTreeSet::from([start.clone()]);
        let mut next = VecDeque::from([start.clone()]);
        while let Some(one) = next.pop_front() {
            for (from, to) in &self.etcd.streams {
                let Some(from) = from else { continue };
                let other = match (from == &one, to == &one) {
                    (true, _) => to,
                    (_, true) => from,
                    _ => continue,
                };
                if group.insert(other.clone()) {
                    next.push_back(other.clone());
                }
            }
        }
        group
    }

    pub(crate) fn can_write(&self) -> bool {
        let reaches = |host: &HostName| self.etcd.streams.contains(&(None, host.clone()));
        self.etcd.leader.is_some() && self.etcd.quorum.iter().any(reaches)
    }

    /// How far a member is that replays its log.
    fn applied(&self, host: &HostName) -> u64 {
        let running = self.machines[host].running.get(&Program::Etcd);
        let Some(running) = running.filter(|running| running.whole > self.now) else {
            return self.etcd.index;
        };
        let whole = running.whole.duration_since(running.started).as_secs();
        let done = self.now.duration_since(running.started).as_secs();
        self.etcd.index / whole.unsigned_abs().max(1) * done.unsigned_abs()
    }

    pub(crate) fn member_id(host: &HostName) -> u64 {
        let digits: String = host.0.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(1)
    }

    pub(crate) fn host_of_member(&self, id: u64) -> Option<HostName> {
        self.machines.keys().find(|host| Self::member_id(host) == id).cloned()
    }

    /// What the member on `host` says.
    pub(super) fn answer(&mut self, host: &HostName, ask: EtcdAsk) -> Result<EtcdAnswer, String> {
        let has_quorum = self.etcd.quorum.contains(host) && self.etcd.leader.is_some();
        let leader = self.etcd.leader.as_ref().filter(|_| has_quorum).map_or(0, Self::member_id);
        let applied = self.applied(host);
        match ask {
            EtcdAsk::Status => Ok(EtcdAnswer::Status(MemberStatus {
                cluster: CLUSTER,
                member: Self::member_id(host),
                leader,
                term: self.etcd.term,
                index: self.etcd.index,
                applied,
                revision: self.etcd.revision,
                version: "3.4.23".to_owned(),
                ..MemberStatus::default()
            })),
            _ if !has_quorum => Err("etcdserver: no leader".to_owned()),
            EtcdAsk::Health => Ok(EtcdAnswer::Done),
            EtcdAsk::Alarms => Ok(EtcdAnswer::Alarms(Vec::new())),
            EtcdAsk::Members => {
                let member = |host: &HostName| Member {
                    id: Self::member_id(host),
                    name: host.0.clone(),
                    ..Member::default()
                };
                let members = self.members().map(member).collect();
                Ok(EtcdAnswer::Members { cluster: CLUSTER, members })
            }
            EtcdAsk::MoveLeader { to } => {
                self.etcd.leader = self.host_of_member(to);
                self.etcd.term += 1;
                Ok(EtcdAnswer::Done)
            }
            EtcdAsk::Snapshot { to } => {
                let error = |error: std::io::Error| error.to_string();
                std::fs::write(&to, b"a database").map_err(error)?;
                Ok(EtcdAnswer::Snapshot { bytes: 10, digest: String::new() })
            }
        }
    }
}
