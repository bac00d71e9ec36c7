//! The way to the machines: each call counts, may fail as planned, and takes a little time.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use rustls_pki_types::{CertificateDer, DnsName};

use super::{
    Fault, Simulated, State,
    door::{NOBODY, read_all},
    etcd::Unrest,
    machine::STOPPING,
};
use crate::{
    FileSeen, Handshake, HostName, Process, Program, RunBy, Site, SiteError,
    facts::Content,
    journal::LockOwner,
    pem,
    site::{Ended, EtcdAnswer, EtcdAsk, FileWrite, HttpAsk, Identity, Room, Survey},
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
            if changes {
                state.settle();
                state.look_for_illegal();
            }
            answer
        };
        self.faults().leave(call).await;
        answer.map_err(|why| SiteError::Refused { host: host.clone(), why })
    }

    fn breaks(&self, host: &HostName) -> Option<&'static str> {
        self.faults().first(|fault| match fault {
            Fault::Broken { host: broken, last_words } if broken == host => Some(*last_words),
            _ => None,
        })
    }

    fn slow(&self, host: &HostName, program: Program) -> [Duration; 2] {
        let slow = self.faults().first(|fault| match fault {
            Fault::Slow { host: slow, silent, replays } if slow == host => {
                Some([*silent, *replays])
            }
            _ => None,
        });
        slow.filter(|_| program == Program::Etcd).unwrap_or_default()
    }

    fn unrest(&self, host: &HostName, program: Program) -> Option<Duration> {
        let unrest = self.faults().first(|fault| match fault {
            Fault::Unrest { host: moved, lasts } if moved == host => Some(*lasts),
            _ => None,
        });
        unrest.filter(|_| program == Program::Etcd)
    }
}

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
        let is_root_only = self.faults().is_root_only(host, &file.path);
        let is_garbled = self.faults().has(&Fault::Garbled { host: host.clone() });
        self.change(host, format!("write {}", file.path.display()), |state| {
            let now = state.now;
            let machine = state.machine(host)?;
            let mut attributes = file.attributes.clone();
            if is_root_only {
                (attributes.mode, attributes.uid, attributes.gid) = (0o600, 0, 0);
            }
            let present = machine.files.get(&file.path);
            if !file.keep_time {
                attributes.modified = now;
                let same = present.filter(|present| present.content == file.content);
                if let Some(same) = same {
                    attributes.modified = same.attributes.modified;
                }
            }
            let content = match is_garbled {
                true => Content::new([file.content.bytes(), b"?"].concat()),
                false => file.content.clone(),
            };
            machine.put(&file.path, content, attributes);
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
        let is_full = self.faults().has(&Fault::Full { host: host.clone() });
        let bytes = if is_full { 0 } else { 1 << 30 };
        self.call(host, "room", |_| Ok(Room { bytes, inodes: 1 << 20 })).await
    }

    async fn stop(
        &self,
        host: &HostName,
        program: Program,
        _: &RunBy,
        within: Duration,
        kill: bool,
    ) -> Result<Ended, SiteError> {
        let hangs = self.faults().has(&Fault::Hangs { host: host.clone(), program });
        let unrest = self.unrest(host, program);
        self.change(host, format!("stop {program}"), |state| {
            if !state.machine(host)?.running.contains_key(&program) {
                return Ok(Ended::Orderly);
            }
            if let Some(lasts) = unrest {
                state.etcd.unrest = Some(Unrest::from(state.now, lasts));
            }
            if hangs {
                state.advance(within);
                if !kill {
                    return Err(format!("{program} still runs after it was told to stop"));
                }
            }
            let whole = state.machine(host)?.whole(program);
            state.machine(host)?.running.retain(|running, _| !whole.contains(running));
            // A leader that stops in an orderly way hands over first.
            if state.etcd.leader.as_ref() == Some(host) && whole.contains(&Program::Etcd) {
                state.etcd.leader = None;
            }
            state.settle();
            state.advance(STOPPING);
            Ok(if hangs { Ended::Killed } else { Ended::Orderly })
        })
        .await
    }

    async fn start(&self, host: &HostName, program: Program, _: &RunBy) -> Result<(), SiteError> {
        let has_member = matches!(program, Program::Etcd | Program::K3s);
        let broken = has_member && self.breaks(host).is_some();
        let slow = self.slow(host, program);
        self.change(host, format!("start {program}"), |state| {
            if !broken && !state.machine(host)?.running.contains_key(&program) {
                state.prepare_start(host, program);
                for part in state.machine(host)?.whole(program) {
                    state.start(host, part, slow);
                }
            }
            Ok(())
        })
        .await
    }

    async fn command(&self, host: &HostName, line: &str, _: Duration) -> Result<(), SiteError> {
        self.change(host, format!("command {line}"), |state| {
            let machine = state.machine(host)?;
            match line.contains(" certificate rotate") {
                true => machine.take_leaves_away(),
                false => return Err(format!("the command '{line}' failed: not found")),
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
        _: Option<&DnsName<'static>>,
        client: Option<&Identity>,
    ) -> Result<Handshake, SiteError> {
        self.call(host, "handshake", |state| state.handshake(host, address, client)).await
    }

    async fn etcd(
        &self,
        host: &HostName,
        address: SocketAddr,
        client: &Identity,
        roots: &[CertificateDer<'static>],
        ask: EtcdAsk,
    ) -> Result<EtcdAnswer, SiteError> {
        if self.faults().has(&Fault::Mute { host: host.clone() }) {
            self.call(host, format!("etcd {ask:?}"), |_| Ok(())).await?;
            let (host, what) = (host.clone(), format!("an answer from {address}"));
            return Err(SiteError::TooSlow { host, what, seconds: 15 });
        }
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
        let is_hollow = self.faults().has(&Fault::Hollow { host: host.clone() });
        self.call(host, format!("https {} {}", ask.method, ask.path), |state| {
            state.listener(host, address).ok_or(NOBODY)?;
            if is_hollow && ask.path.starts_with("/api") {
                return Ok((500, "etcd failed".to_owned()));
            }
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
