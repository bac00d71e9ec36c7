//! Questions to one etcd member, over its own API (gRPC).

use std::{io, net::SocketAddr, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use aws_lc_rs::digest::{Context, SHA256};
use http::Uri;
use http::uri::PathAndQuery;
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use rustls_pki_types::CertificateDer;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tonic::{Code, Request, Status, body::Body, client::Grpc, client::GrpcService};
use tonic_prost::ProstCodec;

use super::{Error, bounded, tls, wire};
use crate::site::{EtcdAnswer, EtcdAsk, Identity, Member, MemberStatus};

/// etcd itself gives up after 5 s and two elections; ACK's take 3 s.
const LIMIT: Duration = Duration::from_secs(15);
/// Between two pieces of a snapshot.
const PIECE: Duration = Duration::from_secs(30);
/// A snapshot ends with the SHA-256 of all before.
const SEAL: usize = 32;

pub async fn etcd<S>(
    stream: S,
    address: SocketAddr,
    client: &Identity,
    roots: &[CertificateDer<'static>],
    ask: EtcdAsk,
) -> Result<EtcdAnswer, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let preparation = tls::Handshake::new(Some(client), roots, Some(b"h2"))?;
    let (sender, connection) = bounded(address, LIMIT, async {
        let stream = preparation.with(stream, address).await;
        let stream = stream.map_err(|error| tls::error(address, &error))?;
        http2::handshake::<_, _, Body>(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .map_err(|error| broken(address, &error))
    })
    .await?;
    let origin = Uri::builder()
        .scheme("https")
        .authority(address.to_string())
        .path_and_query("/")
        .build()
        .expect("a socket address is an authority");
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let mut sender = sender.clone();
        async move { sender.send_request(request).await }
    });
    let talk = Talk { grpc: Grpc::with_origin(service, origin), address };
    // A client certificate that is not trusted shows itself as a connection that breaks.
    tokio::select! {
        answer = answer(talk, ask) => answer,
        ended = connection => Err(ended.err().map_or_else(
            || Error::Broken { address, why: "it hung up".to_owned() },
            |error| broken(address, &error),
        )),
    }
}

async fn answer<G>(mut talk: Talk<G>, ask: EtcdAsk) -> Result<EtcdAnswer, Error>
where
    G: GrpcService<Body, ResponseBody = Incoming>,
    G::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match ask {
        EtcdAsk::Health => {
            let request = wire::RangeRequest { key: b"health".to_vec() };
            let answer: Result<wire::Nothing, _> = talk.ask(wire::RANGE, request).await;
            match answer {
                Err(status) if status.code() != Code::PermissionDenied => {
                    Err(talk.refused(&status))
                }
                // With etcd's own access control on, the refusal came by way of a quorum too.
                _ => Ok(EtcdAnswer::Done),
            }
        }
        EtcdAsk::Status => {
            let answer = talk.ask(wire::STATUS, wire::Nothing {}).await;
            answer.map(|status| EtcdAnswer::Status(status_of(status))).map_err(|s| talk.refused(&s))
        }
        EtcdAsk::Members => {
            let answer = talk.ask(wire::MEMBER_LIST, wire::Nothing {}).await;
            answer.map(members_of).map_err(|status| talk.refused(&status))
        }
        EtcdAsk::Alarms => {
            let answer = talk.ask(wire::ALARM, wire::Nothing {}).await;
            let answer: wire::AlarmResponse = answer.map_err(|status| talk.refused(&status))?;
            Ok(EtcdAnswer::Alarms(answer.alarms.iter().map(alarm).collect()))
        }
        EtcdAsk::MoveLeader { to } => {
            let request = wire::MoveLeaderRequest { target_id: to };
            let answer: Result<wire::Nothing, _> = talk.ask(wire::MOVE_LEADER, request).await;
            answer.map(|_| EtcdAnswer::Done).map_err(|status| talk.refused(&status))
        }
        EtcdAsk::Snapshot { to } => talk.snapshot(&to).await,
    }
}

struct Talk<G> {
    grpc: Grpc<G>,
    address: SocketAddr,
}

impl<G> Talk<G>
where
    G: GrpcService<Body, ResponseBody = Incoming>,
    G::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    async fn ask<Q, A>(&mut self, path: &'static str, question: Q) -> Result<A, Status>
    where
        Q: Message + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        let path = PathAndQuery::from_static(path);
        self.grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        let ask = self.grpc.unary(Request::new(question), path, ProstCodec::<Q, A>::default());
        let silent = |_elapsed| Status::deadline_exceeded("");
        timeout(LIMIT, ask).await.map_err(silent)?.map(tonic::Response::into_inner)
    }

    /// Into a file that gets its name when it is whole.
    async fn snapshot(&mut self, to: &Path) -> Result<EtcdAnswer, Error> {
        let path = PathAndQuery::from_static(wire::SNAPSHOT);
        let codec = ProstCodec::<wire::Nothing, wire::SnapshotResponse>::default();
        let refused = |address| move |status: Status| refused(address, &status);
        let address = self.address;
        let streaming = self.grpc.server_streaming(Request::new(wire::Nothing {}), path, codec);
        let mut pieces = bounded(address, LIMIT, async {
            streaming.await.map_err(refused(address)).map(tonic::Response::into_inner)
        })
        .await?;

        let unfinished = to.with_extension("part");
        let unwritten = |why| Error::File { path: to.to_owned(), why };
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(unwritten)?;
        let (mut bytes, mut seal) = (0, Seal::default());
        loop {
            let piece = async { pieces.message().await.map_err(refused(address)) };
            let Some(wire::SnapshotResponse { blob }) = bounded(address, PIECE, piece).await?
            else {
                break;
            };
            io::Write::write_all(&mut file, &blob).map_err(unwritten)?;
            bytes += blob.len() as u64;
            seal.take(&blob);
        }
        file.sync_all().map_err(unwritten)?;
        let digest = seal.digest().ok_or_else(|| Error::Refused {
            address,
            why: "the snapshot does not have the digest that it ends with".to_owned(),
        })?;
        std::fs::rename(&unfinished, to).map_err(unwritten)?;
        Ok(EtcdAnswer::Snapshot { bytes, digest })
    }

    fn refused(&self, status: &Status) -> Error {
        refused(self.address, status)
    }
}

/// Checks a snapshot against its own end while it comes in.
struct Seal {
    whole: Context,
    sealed: Context,
    /// What may be the end.
    last: Vec<u8>,
}

impl Default for Seal {
    fn default() -> Self {
        let [whole, sealed] = [(); 2].map(|()| Context::new(&SHA256));
        Self { whole, sealed, last: Vec::new() }
    }
}

impl Seal {
    fn take(&mut self, piece: &[u8]) {
        self.whole.update(piece);
        self.last.extend_from_slice(piece);
        let settled = self.last.len().saturating_sub(SEAL);
        self.sealed.update(&self.last[..settled]);
        self.last.drain(..settled);
    }

    /// Of the whole file in lower-case hex, if its end fits what is before.
    fn digest(self) -> Option<String> {
        let fits = self.sealed.finish().as_ref() == self.last;
        let whole = self.whole.finish();
        fits.then(|| crate::digest::hex(whole.as_ref()))
    }
}

fn status_of(status: wire::StatusResponse) -> MemberStatus {
    let header = status.header.unwrap_or_default();
    MemberStatus {
        cluster: header.cluster_id,
        member: header.member_id,
        leader: status.leader,
        term: status.raft_term,
        index: status.raft_index,
        applied: status.raft_applied_index,
        revision: header.revision,
        version: status.version,
        stored: status.db_size.try_into().unwrap_or_default(),
        errors: status.errors,
        is_learner: status.is_learner,
    }
}

fn members_of(answer: wire::MemberListResponse) -> EtcdAnswer {
    let member = |member: wire::Member| Member {
        id: member.id,
        name: member.name,
        peer_urls: member.peer_urls,
        client_urls: member.client_urls,
        is_learner: member.is_learner,
    };
    EtcdAnswer::Members {
        cluster: answer.header.unwrap_or_default().cluster_id,
        members: answer.members.into_iter().map(member).collect(),
    }
}

fn alarm(alarm: &wire::AlarmMember) -> String {
    let kind = match alarm.alarm {
        1 => "NOSPACE",
        2 => "CORRUPT",
        _ => "UNKNOWN",
    };
    format!("{kind} on member {:x}", alarm.member_id)
}

fn refused(address: SocketAddr, status: &Status) -> Error {
    if let Some(source) = std::error::Error::source(status) {
        return broken(address, source);
    }
    // Our own; of its own ones etcd says that it is unavailable.
    if status.code() == Code::DeadlineExceeded {
        return Error::Silent { address, within: LIMIT };
    }
    Error::Refused { address, why: status.message().to_owned() }
}

/// Whatever lies at the bottom says it best. Of a TLS alert HTTP/2 leaves the words alone.
fn broken(address: SocketAddr, error: &(dyn std::error::Error + 'static)) -> Error {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let why = deepest.to_string();
    match why.split_once("fatal alert: ") {
        Some((_, alert)) => Error::Tls(format!("it refuses our certificate: {alert}"), address),
        None => Error::Broken { address, why },
    }
}

#[cfg(test)]
mod tests;
