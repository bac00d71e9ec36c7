//! Who is let through to the desk: everybody to health and metrics where probes ask, and nobody
//! before there is anything to serve.

use std::sync::Arc;

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use tokio::sync::watch;

use super::{
    Desk, Standing,
    answer::{self, Answer, ApiError},
    health, route,
};

/// What is answered at one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Everything,
    /// Health, readiness and metrics, without a token.
    Probes,
}

pub struct Door {
    pub scope: Scope,
    /// `None` until the first World is there.
    pub desk: watch::Receiver<Option<Arc<Desk>>>,
    pub standing: watch::Receiver<Standing>,
}

impl Door {
    pub async fn answer(&self, request: Request<Incoming>) -> Answer {
        let desk = self.desk.borrow().clone();
        match (desk, self.scope) {
            (Some(desk), Scope::Everything) => route::answer(&desk, request).await,
            (Some(desk), Scope::Probes) => probe(&desk, &request),
            (None, _) => self.before_anything_is_served(&request),
        }
    }

    fn before_anything_is_served(&self, request: &Request<Incoming>) -> Answer {
        let standing = self.standing.borrow().clone();
        match request.uri().path() {
            "/healthz" => answer::text(StatusCode::OK, "ok\n"),
            "/readyz" => health::not_ready(&standing),
            _ => {
                let waits = match standing {
                    Standing::Waiting(what) => format!(": it waits for {what}"),
                    Standing::LastGood { .. } | Standing::Current { .. } => String::new(),
                };
                let message = format!("Doorward is starting{waits}; ask again");
                ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "Starting", message).into()
            }
        }
    }
}

fn probe(desk: &Desk, request: &Request<Incoming>) -> Answer {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::wrong_method("GET").into();
    }
    match request.uri().path() {
        "/healthz" => answer::text(StatusCode::OK, "ok\n"),
        "/readyz" => desk.health.ready(route::is_verbose(request.uri())),
        "/metrics" => route::metrics(desk).unwrap_or_else(Answer::from),
        _ => ApiError::not_found(
            "here are /healthz, /readyz and /metrics alone: ask the admin API for the rest",
        )
        .into(),
    }
}
