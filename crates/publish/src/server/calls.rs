//! The calls of secret discovery, each in the words of one protocol.

use std::{
    future::{Ready, ready},
    hash::{BuildHasher, Hasher, RandomState},
};

use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Response, Status, Streaming,
    server::{StreamingService, UnaryService},
};

use super::{
    connection::Caller,
    stream::{self, Words},
};
use crate::{
    content::placeholder,
    metrics::Refusal,
    session::{Answer, Flavour, Now, Push, Session, TooMuch, What},
    wire::{
        DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse, Node,
        Resource, SECRET,
    },
};

/// `StreamSecrets`, `StreamAggregatedResources`
pub struct StateOfTheWorld {
    pub caller: Caller,
    pub is_aggregated: bool,
}

/// `DeltaSecrets`, `DeltaAggregatedResources`
pub struct Delta {
    pub caller: Caller,
    pub is_aggregated: bool,
}

/// `FetchSecrets`: one question, one answer.
pub struct Fetch {
    pub caller: Caller,
}

type Responses<T> = ReceiverStream<Result<T, Status>>;
type Opened<T> = Result<Response<Responses<T>>, Status>;

impl StreamingService<DiscoveryRequest> for StateOfTheWorld {
    type Response = DiscoveryResponse;
    type ResponseStream = Responses<DiscoveryResponse>;
    type Future = Ready<Opened<DiscoveryResponse>>;

    fn call(&mut self, request: Request<Streaming<DiscoveryRequest>>) -> Self::Future {
        ready(open::<DiscoveryRequest>(&self.caller, self.is_aggregated, request))
    }
}

impl StreamingService<DeltaDiscoveryRequest> for Delta {
    type Response = DeltaDiscoveryResponse;
    type ResponseStream = Responses<DeltaDiscoveryResponse>;
    type Future = Ready<Opened<DeltaDiscoveryResponse>>;

    fn call(&mut self, request: Request<Streaming<DeltaDiscoveryRequest>>) -> Self::Future {
        ready(open::<DeltaDiscoveryRequest>(&self.caller, self.is_aggregated, request))
    }
}

fn open<W: Words>(
    caller: &Caller,
    is_aggregated: bool,
    request: Request<Streaming<W>>,
) -> Opened<W::Response> {
    let common = &caller.common;
    let place = common.streams.clone().try_acquire_owned().map_err(|_| {
        common.metrics.refused(Refusal::TooManyStreams);
        Status::resource_exhausted("too many streams are open: raise sds.limits.streams")
    })?;
    let most = common.limits.subscriptions;
    let session = Session::new(W::FLAVOUR, caller.reach.clone(), most, seed());
    let line = caller.seat.line(session, is_aggregated);
    let responses = stream::start(request.into_inner(), line, is_aggregated, caller.clone(), place);
    Ok(Response::new(ReceiverStream::new(responses)))
}

/// Of a hash that is seeded anew each time; good enough to spread timers by.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl UnaryService<DiscoveryRequest> for Fetch {
    type Response = DiscoveryResponse;
    type Future = Ready<Result<Response<DiscoveryResponse>, Status>>;

    fn call(&mut self, request: Request<DiscoveryRequest>) -> Self::Future {
        ready(self.fetch(&request.into_inner()).map(Response::new))
    }
}

impl Fetch {
    fn fetch(&self, request: &DiscoveryRequest) -> Result<DiscoveryResponse, Status> {
        let common = &self.caller.common;
        common.metrics.requested();
        if !is_secret(&request.type_url, false)? {
            return Err(wrong_type(&request.type_url));
        }
        let most = common.limits.subscriptions;
        if request.resource_names.len() > most {
            common.metrics.refused(Refusal::TooMuchAsked);
            return Err(Status::resource_exhausted(TooMuch::Subscriptions(most).to_string()));
        }
        let catalogue = common.catalogue.borrow().clone();
        let mut versions = Vec::new();
        let mut resources = Vec::new();
        for name in &request.resource_names {
            if let Some(content) = catalogue.find(name, &self.caller.reach).content {
                versions.push(content.version.to_string());
                resources.push(content.to_any(name));
            }
        }
        Ok(DiscoveryResponse {
            version_info: versions.join(","),
            resources,
            type_url: SECRET.to_owned(),
            nonce: String::new(),
        })
    }
}

impl Words for DiscoveryRequest {
    type Response = DiscoveryResponse;
    const FLAVOUR: Flavour = Flavour::StateOfTheWorld;

    fn type_url(&self) -> &str {
        &self.type_url
    }

    fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    fn tell(&self, session: &mut Session, now: Now) -> Result<Option<Answer>, TooMuch> {
        session.asked(self, now)
    }

    fn response(push: &Push) -> DiscoveryResponse {
        let (version_info, resource) = match &push.what {
            What::Content(content) => (content.version.to_string(), content.to_any(&push.name)),
            What::Removed | What::Placeholder => ("none".to_owned(), placeholder(&push.name)),
        };
        DiscoveryResponse {
            version_info,
            resources: vec![resource],
            type_url: SECRET.to_owned(),
            nonce: push.nonce.to_string(),
        }
    }
}

impl Words for DeltaDiscoveryRequest {
    type Response = DeltaDiscoveryResponse;
    const FLAVOUR: Flavour = Flavour::Delta;

    fn type_url(&self) -> &str {
        &self.type_url
    }

    fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    fn tell(&self, session: &mut Session, now: Now) -> Result<Option<Answer>, TooMuch> {
        session.asked_delta(self, now)
    }

    fn response(push: &Push) -> DeltaDiscoveryResponse {
        let mut response = DeltaDiscoveryResponse {
            resources: Vec::new(),
            type_url: SECRET.to_owned(),
            nonce: push.nonce.to_string(),
            removed_resources: Vec::new(),
        };
        match &push.what {
            What::Content(content) => response.resources.push(Resource {
                version: content.version.to_string(),
                resource: Some(content.to_any(&push.name)),
                name: push.name.to_string(),
            }),
            What::Removed | What::Placeholder => {
                response.removed_resources.push(push.name.to_string());
            }
        }
        response
    }
}

/// Whether a request is about secrets. On the secret service that goes without saying; on the
/// aggregated one other types pass by unanswered, as nobody here owns them.
pub fn is_secret(type_url: &str, is_aggregated: bool) -> Result<bool, Status> {
    match (type_url, is_aggregated) {
        (SECRET, _) | ("", false) => Ok(true),
        ("", true) => Err(Status::invalid_argument("aggregated discovery needs a type_url")),
        (_, true) => Ok(false),
        (other, false) => Err(wrong_type(other)),
    }
}

fn wrong_type(type_url: &str) -> Status {
    let type_url = crate::session::one_line(type_url);
    Status::invalid_argument(format!("type_url {type_url:?} is not served here, only {SECRET}"))
}
