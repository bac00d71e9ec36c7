//! Where clients connect: a TCP port, or a Unix socket that only its owner (and group) may use.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

use crate::settings::{Address, SocketMode};

/// Why the address of `--sds` cannot be served on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("cannot bind {address} for --sds: end what listens there, or choose another")]
    Tcp { address: SocketAddr, source: io::Error },
    #[error("cannot make the socket {} of --sds", path.display())]
    Unix { path: PathBuf, source: io::Error },
    #[error("another process serves on the socket {} of --sds: end it, or choose another path", .0.display())]
    InUse(PathBuf),
    #[error("{} of --sds exists and is no socket: choose another path", .0.display())]
    NoSocket(PathBuf),
}

#[derive(Debug)]
pub enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, Socket),
}

/// The socket's file, removed in the end.
#[derive(Debug)]
pub struct Socket(PathBuf);

/// A connection that nobody has looked at yet.
pub struct Raw {
    pub stream: Plain,
    /// Where it comes from, for people.
    pub origin: String,
}

pub enum Plain {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    pub fn bind(address: &Address) -> Result<Self, BindError> {
        match address {
            Address::Tcp(address) => {
                let failed = |source| BindError::Tcp { address: *address, source };
                let listener = std::net::TcpListener::bind(address).map_err(failed)?;
                listener.set_nonblocking(true).map_err(failed)?;
                Ok(Self::Tcp(TcpListener::from_std(listener).map_err(failed)?))
            }
            Address::Unix { path, mode } => {
                let (listener, socket) = bind_unix(path, *mode)?;
                Ok(Self::Unix(listener, socket))
            }
        }
    }

    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }

    pub fn name(&self) -> String {
        match self {
            Self::Tcp(_) => self.address().map(|address| address.to_string()).unwrap_or_default(),
            Self::Unix(_, socket) => format!("unix:{}", socket.0.display()),
        }
    }

    pub async fn accept(&self) -> io::Result<Raw> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Raw { stream: Plain::Tcp(stream), origin: peer.to_string() })
            }
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                let peer = stream.peer_cred()?;
                let origin = match peer.pid() {
                    Some(pid) => format!("process {pid} of user {}", peer.uid()),
                    None => format!("user {}", peer.uid()),
                };
                Ok(Raw { stream: Plain::Unix(stream), origin })
            }
        }
    }
}

/// Under another name first, so that nobody connects before the permissions stand.
fn bind_unix(path: &Path, mode: SocketMode) -> Result<(UnixListener, Socket), BindError> {
    match fs::symlink_metadata(path) {
        Err(_) => {}
        Ok(found) if !found.file_type().is_socket() => {
            return Err(BindError::NoSocket(path.to_owned()));
        }
        // Left behind by a process that was killed, unless somebody answers.
        Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
            return Err(BindError::InUse(path.to_owned()));
        }
        Ok(_) => {}
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let unfinished = path.with_file_name(name);
    let bound = (|| {
        let _ = fs::remove_file(&unfinished);
        let listener = UnixListener::bind(&unfinished)?;
        fs::set_permissions(&unfinished, fs::Permissions::from_mode(mode.bits()))?;
        fs::rename(&unfinished, path)?;
        Ok(listener)
    })();
    match bound {
        Ok(listener) => Ok((listener, Socket(path.to_owned()))),
        Err(source) => Err(BindError::Unix { path: path.to_owned(), source }),
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // A client that comes later is told that nobody is there; what else could be done?
        let _ = fs::remove_file(&self.0);
    }
}

impl AsyncRead for Plain {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Plain {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
