//! A client of secret discovery that does as it is told, also what no Envoy would do.

use std::{path::Path, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http2::{SendRequest, handshake},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::{net::UnixStream, sync::mpsc, time::timeout};
use tokio_stream::wrappers::UnboundedReceiverStream;

type Sent = Result<Frame<Bytes>, std::convert::Infallible>;
type Outgoing = StreamBody<UnboundedReceiverStream<Sent>>;

pub const STREAM: &str = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets";
pub const DELTA: &str = "/envoy.service.secret.v3.SecretDiscoveryService/DeltaSecrets";
pub const FETCH: &str = "/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets";
pub const ADS: &str =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

/// One connection.
#[derive(Clone)]
pub struct Connection(SendRequest<Outgoing>);

/// One call.
pub struct Call {
    requests: Option<mpsc::UnboundedSender<Sent>>,
    answer: Incoming,
    buffer: BytesMut,
    /// `grpc-status` of a call that was refused at once.
    refused: Option<u32>,
}

/// What a call had to say next.
#[derive(Debug)]
pub enum Heard<T> {
    Message(T),
    /// The call has ended with this `grpc-status`.
    Ended(u32),
}

impl Connection {
    pub async fn open(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).await.unwrap();
        let (sender, connection) =
            handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    /// A call whose requests come later.
    pub async fn call(&mut self, path: &str) -> Call {
        let (requests, outgoing) = mpsc::unbounded_channel();
        Call { requests: Some(requests), ..self.start(path, outgoing).await }
    }

    /// A call of one request, which is there from the start.
    pub async fn ask(&mut self, path: &str, message: &impl Message) -> Call {
        let (requests, outgoing) = mpsc::unbounded_channel();
        requests.send(Ok(Frame::data(framed(&message.encode_to_vec())))).unwrap();
        drop(requests);
        self.start(path, outgoing).await
    }

    async fn start(&mut self, path: &str, outgoing: mpsc::UnboundedReceiver<Sent>) -> Call {
        let request = Request::post(format!("http://sds{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(StreamBody::new(UnboundedReceiverStream::new(outgoing)))
            .unwrap();
        self.0.ready().await.unwrap();
        let answer = self.0.send_request(request).await.unwrap();
        let refused = answer.headers().get("grpc-status");
        let refused = refused.map(|status| status.to_str().unwrap().parse().unwrap());
        Call { requests: None, answer: answer.into_body(), buffer: BytesMut::new(), refused }
    }
}

impl Call {
    pub fn say(&self, message: &impl Message) {
        self.say_bytes(&message.encode_to_vec());
    }

    /// A frame of gRPC around anything.
    pub fn say_bytes(&self, message: &[u8]) {
        if let Some(requests) = &self.requests {
            // A call that has ended hears nothing more.
            let _ = requests.send(Ok(Frame::data(framed(message))));
        }
    }

    /// The next message, or the end.
    pub async fn hear<T: Message + Default>(&mut self) -> Heard<T> {
        timeout(testkit::LIMIT, self.next()).await.expect("something is heard")
    }

    /// Whether nothing is heard for this long.
    pub async fn is_quiet<T: Message + Default>(&mut self, time: Duration) -> bool {
        timeout(time, self.next::<T>()).await.is_err()
    }

    async fn next<T: Message + Default>(&mut self) -> Heard<T> {
        if let Some(status) = self.refused {
            return Heard::Ended(status);
        }
        loop {
            if self.buffer.len() >= 5 {
                let length = u32::from_be_bytes(self.buffer[1..5].try_into().unwrap()) as usize;
                if self.buffer.len() >= 5 + length {
                    let frame = self.buffer.split_to(5 + length);
                    return Heard::Message(T::decode(&frame[5..]).unwrap());
                }
            }
            match self.answer.frame().await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(frame) => {
                        let trailers = frame.into_trailers().unwrap();
                        let status = trailers["grpc-status"].to_str().unwrap().parse().unwrap();
                        return Heard::Ended(status);
                    }
                },
                // Cut off without a word.
                Some(Err(_)) | None => return Heard::Ended(2),
            }
        }
    }
}

impl<T> Heard<T> {
    #[track_caller]
    pub fn message(self) -> T {
        match self {
            Self::Message(message) => message,
            Self::Ended(status) => panic!("the call has ended with grpc-status {status}"),
        }
    }

    #[track_caller]
    pub fn status(self) -> u32 {
        match self {
            Self::Message(_) => panic!("the call goes on"),
            Self::Ended(status) => status,
        }
    }
}

/// Not compressed, then the length (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).
fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(message.len() + 5);
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    frame.freeze()
}

pub fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
