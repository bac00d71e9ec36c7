//! The way to the machines: each call counts, may fail as planned, and takes a little time.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use rustls_pki_types::CertificateDer;

use super::{
    Fault, Simulated, State,
    machine::{Machine, STOPPING},
};
use crate::{
    FileSeen, Handshake, HostName, Process, Program, Purpose, RunBy, Site, SiteError,
    certificate::Certificate,
    component::Port,
    journal::LockOwner,
    pem,
    site::{EtcdAnswer, EtcdAsk, FileWrite, HttpAsk, Identity, Room, Survey},
};

/// What each call takes.
const CALL: Duration = Duration::from_millis(2);

impl Simulated {
    /// One call that only looks; `act` is what the machine makes of it.
    async fn call<T>(
        &self,
        host: &HostName,
        what: impl Into<String>,
        act: impl FnOnce(&mut State) -> Result<T, String>,
    ) -> Result<T, SiteError> {
        self.any(host, what.into(), false, act).await
    }

    /// One call after which the cluster is another one.
    async fn change<T>(
        &self,
        host: &HostName,
        what: String,
        act: impl FnOnce(&mut State) -> Result<T, String>,
    ) -> Result<T, SiteError> {
        self.any(host, what, true, act).await
    }

    async fn any<T>(
        &self,
        host: &HostName,
        what: String,
        changes: bool,
        act: impl FnOnce(&mut State) -> Result<T, String>,
    ) -> Result<T, SiteError> {
        let call = self.faults().enter(host).await?;
        let answer = {
            let mut state = self.state();
            state.calls.push(format!("{host} {what}"));
            state.advance(CALL);
            let answer = act(&mut state);
            state.settle();
            if changes {
                state.look_for_illegal();
            }
            answer
        };
        self.faults().leave(call).await;
        answer.map_err(|why| SiteError::Refused { host: host.clone(), why })
    }

    fn breaks(&self, host: &HostName) -> Option<&'static str> {
        self.faults().planned().iter().find_map(|fault| match fault {
            Fault::Broken { host: broken, last_words } if broken == host => Some(*last_words),
            _ => None,
        })
    }
}

impl State {
    fn machine(&mut self, host: &HostName) -> Result<&mut Machine, String> {
        self.machines.get_mut(host).ok_or_else(|| "there is no such machine".to_owned())
    }

    /// The program whose port it is, if it answers.
    fn listener(&self, host: &HostName, address: SocketAddr) -> Option<(Program, Port)> {
        let machine = self.machines.get(host)?;
        let (program, port) = machine.components.iter().find_map(|component| {
            let endpoint = component.endpoints.iter().find(|one| one.address == address)?;
            Some((component.program, endpoint.port))
        })?;
        self.up(program).contains(host).then_some((program, port))
    }

    fn door(program: Program, port: Port) -> Purpose {
        match (program, port) {
            (Program::Etcd, Port::Peer) => Purpose::EtcdPeer,
            (Program::Etcd, _) => Purpose::EtcdServer,
            _ => Purpose::ApiserverClients,
        }
    }

    fn presented(program: Program, port: Port) -> Purpose {
        match (program, port) {
            (Program::KubeApiserver, _) => Purpose::ApiserverServing,
            _ => Self::door(program, port),
        }
    }
}

fn read_all(chain: &[CertificateDer<'static>]) -> Vec<Certificate> {
    chain.iter().filter_map(|der| Certificate::read(der).ok()).collect()
}

const NOBODY: &str = "connection refused";

impl Site for Simulated {
    async fn survey(&self, host: &HostName) -> Result<Survey, SiteError> {
        self.call(host, "survey", |state| {
            let machine = state.machine(host)?;
            let running = machine.running.keys().copied().collect::<Vec<_>>();
            let processes = running.into_iter().filter_map(|program| {
                let process = machine.component(program)?.process.clone()?;
                Some((program, process))
            });
            Ok(Survey { processes: processes.collect(), ..Survey::default() })
        })
        .await
    }

    async fn read(&self, host: &HostName, paths: &[PathBuf]) -> Result<Vec<FileSeen>, SiteError> {
        self.call(host, "read", |state| {
            let machine = state.machine(host)?;
            Ok(paths.iter().map(|path| machine.seen(path)).collect())
        })
        .await
    }

    async fn list(
        &self,
        host: &HostName,
        directories: &[PathBuf],
    ) -> Result<Vec<Vec<String>>, SiteError> {
        self.call(host, "list", |state| {
            let machine = state.machine(host)?;
            let names = |directory: &PathBuf| {
                let inside = machine.files.keys().filter(|path| path.parent() == Some(directory));
                let names = inside.filter_map(|path| path.file_name()?.to_str());
                names.map(str::to_owned).collect()
            };
            Ok(directories.iter().map(names).collect())
        })
        .await
    }

    async fn write(&self, host: &HostName, file: &FileWrite) -> Result<(), SiteError> {
        self.change(host, format!("write {}", file.path.display()), |state| {
            let now = state.now;
            let machine = state.machine(host)?;
            let mut attributes = file.attributes.clone();
            let present = machine.files.get(&file.path);
            if !file.keep_time {
                attributes.modified = now;
                let same = present.filter(|present| present.content == file.content);
                if let Some(same) = same {
                    attributes.modified = same.attributes.modified;
                }
            }
            machine.put(&file.path, file.content.clone(), attributes);
            Ok(())
        })
        .await
    }

    async fn remove(&self, host: &HostName, path: &Path) -> Result<(), SiteError> {
        self.change(host, format!("remove {}", path.display()), |state| {
            state.machine(host)?.files.remove(path);
            Ok(())
        })
        .await
    }

    async fn can_read(
        &self,
        host: &HostName,
        uid: u32,
        _: u32,
        paths: &[PathBuf],
    ) -> Result<Vec<bool>, SiteError> {
        self.call(host, "can_read", |state| {
            let machine = state.machine(host)?;
            Ok(paths.iter().map(|path| machine.can_read(uid, path)).collect())
        })
        .await
    }

    async fn room(&self, host: &HostName, _: &Path) -> Result<Room, SiteError> {
        let is_full = self.faults().planned().contains(&Fault::Full { host: host.clone() });
        let bytes = if is_full { 0 } else { 1 << 30 };
        self.call(host, "room", |_| Ok(Room { bytes, inodes: 1 << 20 })).await
    }

    async fn stop(
        &self,
        host: &HostName,
        program: Program,
        _: &RunBy,
        _: Duration,
        _: bool,
    ) -> Result<(), SiteError> {
        self.change(host, format!("stop {program}"), |state| {
            if state.machine(host)?.running.remove(&program).is_some() {
                // A leader that stops in an orderly way hands over first.
                if state.etcd.leader.as_ref() == Some(host) && program == Program::Etcd {
                    state.etcd.leader = None;
                }
                state.settle();
                state.advance(STOPPING);
            }
            Ok(())
        })
        .await
    }

    async fn start(&self, host: &HostName, program: Program, _: &RunBy) -> Result<(), SiteError> {
        let broken = program == Program::Etcd && self.breaks(host).is_some();
        self.change(host, format!("start {program}"), |state| {
            if !broken && !state.machine(host)?.running.contains_key(&program) {
                state.start(host, program);
            }
            Ok(())
        })
        .await
    }

    async fn process(
        &self,
        host: &HostName,
        program: Program,
        _: &RunBy,
    ) -> Result<Option<Process>, SiteError> {
        self.call(host, "process", |state| {
            let machine = state.machine(host)?;
            let like = machine.component(program).and_then(|known| known.process.clone());
            let running = machine.running.get(&program);
            Ok(running.zip(like).map(|(running, like)| Process {
                pid: running.pid,
                started: running.started,
                ..like
            }))
        })
        .await
    }

    async fn last_words(
        &self,
        host: &HostName,
        _: Program,
        _: &RunBy,
    ) -> Result<Vec<String>, SiteError> {
        let words = self.breaks(host);
        self.call(host, "last_words", |_| Ok(words.map(str::to_owned).into_iter().collect())).await
    }

    async fn handshake(
        &self,
        host: &HostName,
        address: SocketAddr,
        client: Option<&Identity>,
    ) -> Result<Handshake, SiteError> {
        self.call(host, "handshake", |state| {
            let (program, port) = state.listener(host, address).ok_or(NOBODY)?;
            let chain = state.chain(host, program, State::presented(program, port));
            let chain = chain.ok_or("the server ended the handshake")?;
            let door = State::door(program, port);
            let loaded = state.machines[host].running[&program].trusts.get(&door).cloned();
            let trusts =
                client.map(|client| state.lets_in(host, program, door, &read_all(&client.chain)));
            Ok(Handshake {
                chain: chain.iter().map(|one| one.der.clone()).collect(),
                accepted_authorities: loaded
                    .unwrap_or_default()
                    .into_iter()
                    .map(|one| one.subject_der)
                    .collect(),
                is_client_trusted: trusts,
            })
        })
        .await
    }

    async fn etcd(
        &self,
        host: &HostName,
        address: SocketAddr,
        client: &Identity,
        roots: &[CertificateDer<'static>],
        ask: EtcdAsk,
    ) -> Result<EtcdAnswer, SiteError> {
        self.call(host, format!("etcd {ask:?}"), |state| {
            let (program, port) = state.listener(host, address).ok_or(NOBODY)?;
            let door = State::door(program, port);
            let server = state.chain(host, program, door).ok_or("the handshake failed")?;
            if !state.accepts(&read_all(roots), &server) {
                return Err("its certificate is signed by an unknown authority".to_owned());
            }
            let own = pem::private_keys(client.key.bytes());
            let chain = read_all(&client.chain);
            let has_key =
                chain.first().is_some_and(|leaf| own.iter().any(|key| key.is_key_of(leaf)));
            if !has_key || !state.lets_in(host, program, door, &chain) {
                return Err("remote error: tls: bad certificate".to_owned());
            }
            state.answer(host, ask)
        })
        .await
    }

    async fn https(
        &self,
        host: &HostName,
        address: SocketAddr,
        client: Option<&Identity>,
        ask: HttpAsk,
    ) -> Result<(u16, String), SiteError> {
        self.call(host, format!("https {} {}", ask.method, ask.path), |state| {
            state.listener(host, address).ok_or(NOBODY)?;
            Ok(state.api_server(host, client.map(|client| read_all(&client.chain)), &ask))
        })
        .await
    }

    async fn lock(
        &self,
        host: &HostName,
        owner: &LockOwner,
    ) -> Result<Option<LockOwner>, SiteError> {
        self.call(host, "lock", |state| {
            let machine = state.machine(host)?;
            match &machine.lock {
                Some(other) if other.who != owner.who || other.run != owner.run => {
                    Ok(Some(other.clone()))
                }
                _ => {
                    machine.lock = Some(owner.clone());
                    Ok(None)
                }
            }
        })
        .await
    }

    async fn unlock(&self, host: &HostName) -> Result<(), SiteError> {
        self.call(host, "unlock", |state| {
            state.machine(host)?.lock = None;
            Ok(())
        })
        .await
    }

    async fn append(&self, host: &HostName, path: &Path, line: &str) -> Result<(), SiteError> {
        self.call(host, format!("append {line}"), |state| {
            let machine = state.machine(host)?;
            machine.appended.entry(path.to_owned()).or_default().push(line.to_owned());
            Ok(())
        })
        .await
    }
}
