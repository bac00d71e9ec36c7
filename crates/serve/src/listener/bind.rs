//! Opens a listening socket.

use std::{io, net::SocketAddr, time::Duration};

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::TcpListener;

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {reason}; {cure}")]
pub struct BindError {
    address: SocketAddr,
    reason: io::Error,
    cure: &'static str,
}

impl BindError {
    fn new(address: SocketAddr, reason: io::Error) -> Self {
        let cure = match reason.kind() {
            io::ErrorKind::AddrInUse => "another process has the port; it is tried again",
            io::ErrorKind::PermissionDenied => "map the port to one above 1023 with --port-map",
            io::ErrorKind::AddrNotAvailable => {
                "no interface of this machine has the address; set bind to one that it has"
            }
            _ => "it is tried again",
        };
        Self { address, reason, cure }
    }
}

/// Connections that may wait to be accepted; the kernel caps it at net.core.somaxconn.
const BACKLOG: i32 = 4096;

/// Linux hands the options below on to every accepted connection, which saves the calls there.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    open(address).map_err(|reason| BindError::new(address, reason))
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart need not wait for old connections to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    // Finds peers that vanished without a word within about two minutes.
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(15))
        .with_retries(4);
    SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
