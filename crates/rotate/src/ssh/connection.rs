//! One host's SSH connection: the user's own ssh client as a master that stays, and short-lived
//! clients that share it for scripts and for streams to the host's ports.

use std::{
    path::PathBuf,
    pin::Pin,
    process::Stdio,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{
        self, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, Join,
        ReadBuf,
    },
    net::UnixStream,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::{Mutex, Semaphore, watch},
    time::{Instant, sleep, timeout},
};

use super::{
    complaint,
    script::{Answer, NoAnswer, Script},
};
use crate::{
    HostName, SiteError,
    inventory::{Host, SshSettings},
};

/// For the TCP connection and the login.
const CONNECT: Duration = Duration::from_secs(20);
/// For a script that has nothing to wait for.
pub const SCRIPT: Duration = Duration::from_secs(60);
/// For the master's words on a stream that it could not open.
const HEARD: Duration = Duration::from_millis(300);
const LOOK: Duration = Duration::from_millis(10);
/// sshd allows ten sessions on one connection (`MaxSessions`); others of the user's may be open.
const SESSIONS: usize = 6;

pub struct Connection {
    host: HostName,
    /// Options that choose the host, its user and its keys.
    arguments: Vec<String>,
    destination: String,
    socket: PathBuf,
    master: Mutex<Option<Child>>,
    sessions: Semaphore,
    /// Why the last stream could not be opened; only the master hears it.
    unopened: watch::Sender<Option<String>>,
}

impl Connection {
    /// Connects to nothing yet. `socket` is a path that no other connection has.
    pub fn new(settings: &SshSettings, host: &Host, socket: PathBuf) -> Self {
        Self {
            host: host.name.clone(),
            arguments: arguments(settings, host),
            destination: host.address.clone(),
            socket,
            master: Mutex::default(),
            sessions: Semaphore::new(SESSIONS),
            unopened: watch::Sender::default(),
        }
    }

    /// Runs a script and reads what it said.
    pub async fn run(&self, script: &Script, within: Duration) -> Result<Answer, SiteError> {
        let _session = self.sessions.acquire().await.expect("it is never closed");
        self.open().await?;
        let run = self.exchange(script);
        timeout(within, run).await.map_err(|_elapsed| self.too_slow("a script", within))?
    }

    /// A stream to a TCP address as seen from the host.
    pub async fn stream(&self, address: std::net::SocketAddr) -> Result<Stream, SiteError> {
        self.open().await?;
        self.unopened.send_replace(None);
        let mut child = self
            .client()
            .args(["-W", &address.to_string(), &self.destination])
            .spawn()
            .map_err(|error| self.no_ssh(&error))?;
        let stdin = child.stdin.take().expect("it is piped");
        let stdout = child.stdout.take().expect("it is piped");
        Ok(Stream { io: io::join(stdout, stdin), _client: child })
    }

    /// Why a stream broke at once, where that was the host's doing.
    pub async fn unopened(&self, broken: String) -> SiteError {
        let mut unopened = self.unopened.subscribe();
        let told = timeout(HEARD, unopened.wait_for(Option::is_some)).await;
        match told.ok().and_then(Result::ok).and_then(|line| line.clone()) {
            Some(line) if line.contains("administratively prohibited") => self.lost_with(&line),
            Some(line) => {
                let reason = line.rsplit(": ").next().unwrap_or_default();
                self.lost(format!("{broken} ({reason})"))
            }
            None => self.lost(broken),
        }
    }

    pub fn refused(&self, why: impl Into<String>) -> SiteError {
        SiteError::Refused { host: self.host.clone(), why: why.into() }
    }

    pub fn lost(&self, why: impl Into<String>) -> SiteError {
        SiteError::Unreachable { host: self.host.clone(), why: why.into() }
    }

    pub fn too_slow(&self, what: &str, within: Duration) -> SiteError {
        let (host, what) = (self.host.clone(), what.to_owned());
        SiteError::TooSlow { host, what, seconds: within.as_secs() }
    }

    async fn exchange(&self, script: &Script) -> Result<Answer, SiteError> {
        let mark = mark();
        let mut child = self
            .client()
            .args([&self.destination, "exec sh -s"])
            .spawn()
            .map_err(|error| self.no_ssh(&error))?;
        let mut stdin = child.stdin.take().expect("it is piped");
        let text = script.text(&mark);
        // Who reads nothing to its end says why on the other streams.
        let write = async move {
            let _ = stdin.write_all(text.as_bytes()).await;
        };
        let ((), output) = tokio::join!(write, child.wait_with_output());
        let output = output.map_err(|error| self.no_ssh(&error))?;
        Answer::read(&output.stdout, &mark).map_err(|none| {
            let complaint = String::from_utf8_lossy(&output.stderr);
            self.unanswered(none, complaint.trim(), output.status.code())
        })
    }

    fn unanswered(&self, none: NoAnswer, complaint: &str, code: Option<i32>) -> SiteError {
        match none {
            NoAnswer::Problem(words) => self.refused(words),
            NoAnswer::Failed(code) => {
                self.refused(format!("a script ended with code {code}: {complaint}"))
            }
            // The client's own failure, not the shell's.
            NoAnswer::NotRun(_) if code == Some(255) => self.lost_with(complaint),
            NoAnswer::NotRun(said) => {
                let said = if said.is_empty() { complaint } else { &said };
                self.refused(format!(
                    "the login shell of {} runs no script (exec sh -s); it says: {said}",
                    self.destination
                ))
            }
            NoAnswer::CutOff => self.lost_with(complaint),
        }
    }

    fn lost_with(&self, complaint: &str) -> SiteError {
        complaint::error(&self.host, &self.destination, complaint)
    }

    fn no_ssh(&self, error: &io::Error) -> SiteError {
        self.refused(format!("the command ssh cannot be run on this machine: {error}"))
    }

    /// Makes sure that the master stands.
    async fn open(&self) -> Result<(), SiteError> {
        let mut master = self.master.lock().await;
        if let Some(child) = &mut *master
            && matches!(child.try_wait(), Ok(None))
            && UnixStream::connect(&self.socket).await.is_ok()
        {
            return Ok(());
        }
        // Ends an old one that no longer listens.
        *master = None;
        // One that was killed leaves its name behind.
        let _ = std::fs::remove_file(&self.socket);
        *master = Some(self.connect().await?);
        Ok(())
    }

    async fn connect(&self) -> Result<Child, SiteError> {
        let mut child = self
            .ssh()
            .args(&self.arguments)
            .args(["-M", "-N", &self.destination])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| self.no_ssh(&error))?;
        let end = Instant::now() + CONNECT;
        loop {
            if UnixStream::connect(&self.socket).await.is_ok() {
                self.listen(child.stderr.take().expect("it is piped"));
                return Ok(child);
            }
            if let Ok(Some(_ended)) = child.try_wait() {
                let mut complaint = String::new();
                if let Some(mut stderr) = child.stderr.take() {
                    let _ = stderr.read_to_string(&mut complaint).await;
                }
                return Err(self.lost_with(&complaint));
            }
            if Instant::now() > end {
                let why = format!("no SSH to {} within {} s", self.destination, CONNECT.as_secs());
                return Err(self.lost(why));
            }
            sleep(LOOK).await;
        }
    }

    /// Hears what a master says until it ends.
    fn listen(&self, stderr: ChildStderr) {
        let unopened = self.unopened.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("open failed") {
                    unopened.send_replace(Some(line.trim_end().to_owned()));
                }
            }
        });
    }

    /// A client of the master. It reads no configuration and never connects by itself.
    fn client(&self) -> Command {
        let mut command = self.ssh();
        command
            .args(["-F", "none", "-o", "ControlMaster=no", "-o", "ProxyCommand=false"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    fn ssh(&self) -> Command {
        let mut command = Command::new("ssh");
        command
            .arg("-S")
            .arg(&self.socket)
            .args(["-T", "-o", "BatchMode=yes"])
            .stderr(Stdio::piped())
            // A ctrl-c is for us: what is half done on a host is to be brought to its end.
            .process_group(0)
            .kill_on_drop(true);
        command
    }
}

fn arguments(settings: &SshSettings, host: &Host) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut add = |words: [&str; 2]| arguments.extend(words.map(str::to_owned));
    if let Some(config) = &settings.config {
        add(["-F", &config.to_string_lossy()]);
    }
    // The operator's own options come first: with ssh the first one counts.
    for option in &settings.options {
        add(["-o", option]);
    }
    for option in [
        "ConnectTimeout=10",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=3",
        "ControlPersist=no",
        "RemoteCommand=none",
        "PermitLocalCommand=no",
        "ClearAllForwardings=yes",
    ] {
        add(["-o", option]);
    }
    if let Some(user) = &settings.user {
        add(["-l", user]);
    }
    if let Some(port) = host.port.or(settings.port) {
        add(["-p", &port.to_string()]);
    }
    if let Some(identity) = &settings.identity_file {
        add(["-i", &identity.to_string_lossy()]);
    }
    arguments
}

/// Something that no banner says.
pub fn mark() -> String {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).expect("the system has random numbers");
    crate::digest::hex(&random)
}

/// A TCP connection that a host makes for us. Dropping it closes it.
pub struct Stream {
    io: Join<ChildStdout, ChildStdin>,
    _client: Child,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
