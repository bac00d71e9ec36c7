//! Takes connections from the listen queue and sees each one through to its end.

use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{Shared, door::Common};
use crate::{
    Connection, TlsFacts,
    metrics::{HandshakeResult, Refusal},
    quiet::Quiet,
    roster::{Pulse, uncut},
    session::{ClientStream, Session, Tap},
    tls::{Unopened, Welcomed, handshake},
    tunnel::{self, Passing},
};

/// How long to wait when the system has no file or memory for one more connection.
const EXHAUSTED_WAIT: Duration = Duration::from_millis(100);

/// Accepts until `stop`. An error ends a connection, never the loop.
pub async fn accept(shared: Arc<Shared>, socket: Arc<TcpListener>, stop: CancellationToken) {
    let mut stopped = pin!(stop.cancelled());
    let mut troubles = Quiet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stopped.as_mut() => return,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, client)) => admit(&shared, stream, client, &mut troubles),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if let Some(times) = troubles.speak() {
                    error!(listener = %shared.key, %error, times, "cannot accept connections; \
                        raise the limit of open files (ulimit -n) if that is what is short");
                }
                tokio::time::sleep(EXHAUSTED_WAIT).await;
            }
        }
    }
}

/// Lets a connection in, or closes it at once.
fn admit(shared: &Arc<Shared>, stream: TcpStream, client: SocketAddr, troubles: &mut Quiet) {
    let common = &shared.common;
    common.metrics.accepted();
    let client = SocketAddr::new(client.ip().to_canonical(), client.port());
    let state = shared.state.load();
    if state.listener.access.as_ref().is_some_and(|list| !list.allows(client.ip())) {
        return common.metrics.refused(Refusal::AccessList);
    }
    let handshaking = match state.speaks_tls() {
        true => match Handshaking::begin(common) {
            Some(handshaking) => Some(handshaking),
            None => return refuse(shared, Refusal::TooManyHandshakes, troubles),
        },
        false => None,
    };
    let Some(pulse) = shared.roster.enter(common.limits.handshake_time) else {
        return refuse(shared, Refusal::TooManyConnections, troubles);
    };
    tokio::spawn(serve(shared.clone(), stream, client, pulse, handshaking));
}

fn refuse(shared: &Shared, reason: Refusal, troubles: &mut Quiet) {
    shared.common.metrics.refused(reason);
    if let Some(times) = troubles.speak() {
        warn!(listener = %shared.key, ?reason, times, "connections are closed at once");
    }
}

async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    client: SocketAddr,
    pulse: Arc<Pulse>,
    handshaking: Option<Handshaking>,
) {
    let local = local_address(&shared, &stream);
    let common = shared.common.clone();
    let welcomed = match handshaking {
        None => {
            let unopened = Unopened { stream, read: Vec::new(), server_name: None };
            Welcomed::Unopened(unopened, shared.state.load_full())
        }
        Some(handshaking) => {
            let current = || shared.state.load_full();
            // Boxed, so that the connection does not carry its memory on.
            let done = Box::pin(handshake(stream, &common, current));
            let done = uncut(&pulse, done).await;
            drop(handshaking);
            match done {
                Some(Some(welcomed)) => welcomed,
                Some(None) => return,
                None => return common.metrics.handshake(HandshakeResult::Timeout),
            }
        }
    };
    let mut server_name = None;
    let (stream, read, tls, state) = match welcomed {
        Welcomed::Unopened(unopened, state) => {
            server_name = unopened.server_name;
            (ClientStream::Clear(unopened.stream), unopened.read, None, state)
        }
        Welcomed::Opened(stream, state) => {
            let check = state.tls.as_ref().and_then(|tls| tls.client_check.as_deref());
            let facts = TlsFacts::of(stream.get_ref().1, check);
            (ClientStream::Tls(stream), Vec::new(), Some(facts), state)
        }
    };
    pulse.admit(state.admission);
    if shared.state.load().serving(state.admission).is_none() {
        // Asked of the client were terms that are not in force any more.
        return;
    }
    let is_http2 = tls.as_ref().is_some_and(|tls| tls.alpn == Some("h2"));
    let connection = Arc::new(Connection { client, local, tls });
    if let Some(tunnel) = state.listener.tunnel.clone() {
        let idle = state.listener.idle_timeout;
        drop(state);
        let tap = Tap::new(stream, pulse, idle).after(read);
        let passing = Passing {
            connection: &connection,
            listener: &shared.key,
            server_name,
            tunnel: &tunnel,
        };
        return tunnel::serve(&common, passing, tap).await;
    }
    let admission = state.admission;
    drop(state);
    let session = Arc::new(Session { shared, connection, pulse, admission });
    common.http.serve(stream, session, is_http2).await;
}

/// The address the client connected to; asked of the system only where it is not plain.
fn local_address(shared: &Shared, stream: &TcpStream) -> SocketAddr {
    match shared.bound.ip().is_unspecified() {
        true => stream.local_addr().unwrap_or(shared.bound),
        false => shared.bound,
    }
}

/// Errors that belong to the connection that would have been accepted (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::Interrupted
            // A firewall rule.
            | io::ErrorKind::PermissionDenied
    )
}

/// A handshake that counts against the limit.
struct Handshaking(Arc<Common>);

impl Handshaking {
    fn begin(common: &Arc<Common>) -> Option<Self> {
        if common.handshaking.fetch_add(1, Relaxed) >= common.limits.handshakes {
            common.handshaking.fetch_sub(1, Relaxed);
            return None;
        }
        Some(Self(common.clone()))
    }
}

impl Drop for Handshaking {
    fn drop(&mut self) {
        self.0.handshaking.fetch_sub(1, Relaxed);
    }
}
