//! One connection: HTTP/2, and which path is which call.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, server::Grpc};
use tonic_prost::ProstCodec;
use tracing::debug;

use super::{
    calls::{Delta, Fetch, StateOfTheWorld},
    tls::Duplex,
};
use crate::{
    catalogue::Catalogue,
    ledger::Seat,
    limits::{Bucket, Limits},
    metrics::Metrics,
    reach::Reach,
};

/// So that a client which is gone without a word is found out.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_ANSWER: Duration = Duration::from_secs(20);
const HEADER_BYTES: u32 = 16 * 1024;
/// Streams that were open when the server stops get this long to hear of it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Shared by all connections.
pub struct Common {
    pub catalogue: watch::Receiver<Arc<Catalogue>>,
    pub metrics: Metrics,
    pub limits: Limits,
    pub streams: Arc<Semaphore>,
}

/// What the calls of one connection share.
#[derive(Clone)]
pub struct Caller {
    pub seat: Arc<Seat>,
    pub reach: Reach,
    pub common: Arc<Common>,
    pub bucket: Arc<Mutex<Bucket>>,
    pub stop: CancellationToken,
}

/// Answers calls until the client hangs up, or for a moment after `stop`.
pub async fn serve(
    stream: Box<dyn Duplex>,
    seat: Seat,
    reach: Reach,
    common: Arc<Common>,
    stop: &CancellationToken,
) {
    let bucket = Arc::new(Mutex::new(Bucket::new(&common.limits, Instant::now())));
    let streams = u32::try_from(common.limits.streams).unwrap_or(u32::MAX);
    let caller = Caller { seat: seat.into(), reach, common, bucket, stop: stop.clone() };
    let service = service_fn(move |request| {
        let caller = caller.clone();
        async move { Ok::<_, Infallible>(answer(caller, request).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(streams)
        .max_header_list_size(HEADER_BYTES)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_ANSWER)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(FAREWELL, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a client of secret discovery broke off");
    }
}

async fn answer(caller: Caller, request: http::Request<Incoming>) -> http::Response<Body> {
    let most = caller.common.limits.request_bytes;
    let path = request.uri().path().to_owned();
    let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
    let is_aggregated = match service {
        "envoy.service.secret.v3.SecretDiscoveryService" => false,
        "envoy.service.discovery.v3.AggregatedDiscoveryService" => true,
        _ => return unknown(&path),
    };
    match (is_aggregated, method) {
        (false, "StreamSecrets") | (true, "StreamAggregatedResources") => {
            let mut grpc = Grpc::new(ProstCodec::default()).max_decoding_message_size(most);
            grpc.streaming(StateOfTheWorld { caller, is_aggregated }, request).await
        }
        (false, "DeltaSecrets") | (true, "DeltaAggregatedResources") => {
            let mut grpc = Grpc::new(ProstCodec::default()).max_decoding_message_size(most);
            grpc.streaming(Delta { caller, is_aggregated }, request).await
        }
        (false, "FetchSecrets") => {
            let mut grpc = Grpc::new(ProstCodec::default()).max_decoding_message_size(most);
            grpc.unary(Fetch { caller }, request).await
        }
        _ => unknown(&path),
    }
}

fn unknown(path: &str) -> http::Response<Body> {
    let path = crate::session::one_line(path);
    tonic::Status::unimplemented(format!("{path} is not served here: this is secret discovery"))
        .into_http()
}
