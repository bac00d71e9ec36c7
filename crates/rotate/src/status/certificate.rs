//! One line for each certificate that a program presents, that lies idle, or that a kubeconfig
//! embeds.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{State, chain::Pool, running};
use crate::{
    Component, Facts, HostFacts, HostName, Pair, Program, Purpose, Reread, certificate,
    component::Port, discover::LOOPBACK, halves::Halves, pem, plan::scope::certificates,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    pub host: HostName,
    /// `None`: of people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    pub kind: Kind,
    /// Its common name; empty where it cannot be read.
    pub name: String,
    /// `None`: the program has it in its memory alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The leaf's own end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The earliest end of the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// From the authority's beginning to its end, in years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority_years: Option<i64>,
    pub served: Served,
    pub state: State,
    /// What is wrong or will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What it is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A program reads it, for this.
    Program(Purpose),
    /// A file that no program reads.
    Copy(Purpose),
    Kubeconfig,
    /// What an API server makes for itself when it starts, to be its own client.
    Loopback,
}

/// Whether the running process presents what the file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Served {
    Same,
    /// Another one, with this end.
    Other(Option<Timestamp>),
    /// It could not be asked: why.
    Unknown(String),
    /// Nobody presents it to whoever asks.
    NotAsked,
}

/// Leaves that are made together with their authority end within moments of it.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Those that end first stand first; what is missing before all.
pub(super) fn all(facts: &Facts, pool: &Pool, within: SignedDuration) -> Vec<Certificate> {
    let judge = Judge { now: facts.now, pool, within };
    let mut all = Vec::new();
    for (name, host) in &facts.hosts {
        for component in &host.components {
            let pairs = component.pairs.iter();
            let pairs = pairs.filter(|pair| pair.purpose != Purpose::ClusterSigning);
            all.extend(pairs.map(|pair| judge.pair(name, host, component, pair)));
            let kubeconfigs = component.kubeconfigs.iter();
            let program = Some(component.program);
            all.extend(kubeconfigs.filter_map(|path| judge.kubeconfig(name, host, program, path)));
        }
        let idle = host.idle_kubeconfigs.iter();
        all.extend(idle.filter_map(|path| judge.kubeconfig(name, host, None, path)));
        all.extend(judge.loopback(name, host));
    }
    all.sort_by_key(|one| (one.effective, one.host.clone(), one.file.clone()));
    all
}

struct Judge<'a> {
    now: Timestamp,
    pool: &'a Pool,
    within: SignedDuration,
}

impl Judge<'_> {
    fn pair(
        &self,
        name: &HostName,
        host: &HostFacts,
        component: &Component,
        pair: &Pair,
    ) -> Certificate {
        let is_idle = pair.reread == Reread::Never;
        let leaf = leaf(host, &pair.certificate);
        let mut row = Certificate {
            host: name.clone(),
            program: Some(component.program),
            kind: if is_idle { Kind::Copy(pair.purpose) } else { Kind::Program(pair.purpose) },
            served: match &leaf {
                Some(leaf) if !is_idle => running::served(host, component, pair, leaf),
                _ => Served::NotAsked,
            },
            ..Certificate::missing(name, &pair.certificate, host)
        };
        let Some(leaf) = leaf else { return row };
        self.date(&mut row, &leaf, renews_itself(host, pair));
        if let Some(problem) = key_problem(host, pair, &leaf) {
            (row.state, row.problem) = (State::Differs, Some(problem));
        } else if let Served::Other(_) = row.served {
            let problem = format!("{} presents another than the file holds", component.program);
            (row.state, row.problem) = (State::Differs, Some(problem));
        }
        row
    }

    /// `None`: it embeds no certificate.
    fn kubeconfig(
        &self,
        name: &HostName,
        host: &HostFacts,
        program: Option<Program>,
        path: &Path,
    ) -> Option<Certificate> {
        let is_there = host.files.get(path).is_some_and(|file| file.content.is_some());
        let found = leaf(host, path);
        if is_there && found.is_none() {
            return None;
        }
        let mut row = Certificate { program, ..Certificate::missing(name, path, host) };
        if let Some(leaf) = found {
            self.date(&mut row, &leaf, false);
        }
        Some(row)
    }

    /// `None`: it answers to that name as to any other.
    fn loopback(&self, name: &HostName, host: &HostFacts) -> Option<Certificate> {
        let program = Program::KubeApiserver;
        let chain = host.loopback.iter().filter_map(|der| certificate::Certificate::read(der).ok());
        let chain: Vec<_> = chain.collect();
        let leaf = chain.first().filter(|leaf| leaf.names.contains(LOOPBACK))?;
        let mut usual = running::shaken(host, program, Port::Client);
        if usual.any(|usual| usual.chain.first() == Some(&leaf.der)) {
            return None;
        }
        let end = chain.iter().map(|one| one.not_after).min().unwrap_or(leaf.not_after);
        let state = match leaf.not_before > self.now {
            true => State::NotYetValid,
            false => State::until(end, self.now, self.within),
        };
        Some(Certificate {
            host: name.clone(),
            program: Some(program),
            kind: Kind::Loopback,
            name: leaf.name().to_owned(),
            file: None,
            expires: Some(leaf.not_after),
            effective: Some(end),
            authority: None,
            authority_years: None,
            served: Served::Same,
            state,
            problem: (state != State::Ok)
                .then(|| format!("only a restart of {program} makes another")),
        })
    }

    /// What its dates and those of the chain say.
    fn date(&self, row: &mut Certificate, leaf: &certificate::Certificate, renews_itself: bool) {
        let worth = self.pool.worth(leaf);
        row.name = leaf.name().to_owned();
        row.expires = Some(leaf.not_after);
        row.effective = Some(worth.until);
        row.authority = worth.issuer.map(|issuer| issuer.name().to_owned());
        row.authority_years = worth.issuer.map(years);
        row.state = State::until(worth.until, self.now, self.within);
        row.problem = None;
        if renews_itself && worth.until == leaf.not_after && !is_overdue(leaf, self.now) {
            row.state = State::Ok;
        }
        if leaf.not_before > self.now {
            row.state = State::NotYetValid;
            row.problem = Some(format!("valid from {}; is a clock wrong?", leaf.not_before));
        } else if row.outlives_its_authority() {
            let name = row.authority.as_deref().unwrap_or_default();
            row.problem = Some(match row.state {
                State::Expired => format!("its authority {name} has ended"),
                _ => format!("its authority {name} ends first"),
            });
        } else if worth.issuer.is_none() && !leaf.is_self_issued() {
            row.problem = Some(format!("its authority {} is on none of the hosts", leaf.issuer));
        }
    }
}

impl Certificate {
    /// It says that it lasts longer than the authority that it hangs on.
    pub fn outlives_its_authority(&self) -> bool {
        let (Some(own), Some(end)) = (self.expires, self.effective) else { return false };
        end.duration_until(own) > A_DAY
    }

    /// The file, or whose memory it is in.
    pub fn place(&self) -> Cow<'_, str> {
        match (&self.file, self.program) {
            (Some(file), _) => file.to_string_lossy(),
            (None, Some(program)) => format!("memory of {program}").into(),
            (None, None) => "memory".into(),
        }
    }

    fn missing(host: &HostName, path: &Path, facts: &HostFacts) -> Self {
        let why = match facts.files.get(path) {
            Some(file) if file.content.is_some() => "it holds no certificate".to_owned(),
            Some(file) => file.problem.clone().unwrap_or_else(|| "no such file".into()),
            None => "it was not read".to_owned(),
        };
        Self {
            host: host.clone(),
            program: None,
            kind: Kind::Kubeconfig,
            name: String::new(),
            file: Some(path.to_owned()),
            expires: None,
            effective: None,
            authority: None,
            authority_years: None,
            served: Served::NotAsked,
            state: State::Missing,
            problem: Some(why),
        }
    }
}

/// The first that is no authority; of a file of authorities alone, the first.
fn leaf(host: &HostFacts, path: &Path) -> Option<certificate::Certificate> {
    let all = certificates(host, path);
    all.iter().find(|found| !found.is_ca).or_else(|| all.first()).cloned()
}

fn key_problem(host: &HostFacts, pair: &Pair, leaf: &certificate::Certificate) -> Option<String> {
    let file = host.files.get(&pair.key)?;
    let Some(content) = &file.content else {
        let why = file.problem.as_deref().unwrap_or("no such file");
        return Some(format!("its key {}: {why}", pair.key.display()));
    };
    let keys = pem::private_keys(content.bytes());
    if keys.iter().any(|key| key.is_key_of(leaf)) {
        return None;
    }
    let halves = Halves { certificates: vec![leaf.clone()], keys };
    Some(format!("{} is not its key ({})", pair.key.display(), halves.told()))
}

/// A kubelet keeps what it asks the API server for under dates, and a link to the newest of them
/// (client-go, `certificate_store.go`).
fn renews_itself(host: &HostFacts, pair: &Pair) -> bool {
    let is_kubelets = matches!(pair.purpose, Purpose::KubeletClient | Purpose::KubeletServing);
    let name = pair.certificate.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_link = host.files.get(&pair.certificate).is_some_and(|file| !file.links.is_empty());
    is_kubelets && is_link && name.ends_with("-current.pem")
}

/// A kubelet asks for the next certificate when 70 to 90 % of this one's time are over
/// (client-go, `certificate_manager.go`).
fn is_overdue(leaf: &certificate::Certificate, now: Timestamp) -> bool {
    let life = leaf.not_before.duration_until(leaf.not_after);
    now.duration_until(leaf.not_after) < life / 10
}

fn years(authority: &certificate::Certificate) -> i64 {
    let hours = authority.not_before.duration_until(authority.not_after).as_hours();
    (hours + 12 * 365) / (24 * 365)
}
