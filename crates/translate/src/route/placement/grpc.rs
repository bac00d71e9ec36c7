//! gRPC backends are reached by HTTP/2, which clients speak only on TLS listeners.

use model::{Protocol, Reason};

use super::super::{
    annotations::{ALB_PREFIX, field},
    tls::Wishes,
};
use crate::dialect::Problem;

/// `explicit`: the listeners are written in `listen-ports`. The first words are the vendor's.
pub(super) fn check(
    tls: &Wishes,
    listeners: &[(u16, Protocol)],
    explicit: bool,
    ssl_redirect: bool,
) -> Result<(), Problem> {
    let refuse = |message: &str| {
        Err(Problem::rejection(
            Reason::InvalidAnnotation,
            field(ALB_PREFIX, "backend-protocol"),
            message,
        ))
    };
    if !tls.has_block {
        return refuse(
            "'grpc' backend protocol must be use with TLS listener(Ingress.Spec.TLS): add spec.tls",
        );
    }
    let plain = |(port, protocol): &(u16, Protocol)| {
        *protocol == Protocol::Http && !(ssl_redirect && *port == 80)
    };
    if explicit && listeners.iter().any(plain) {
        return refuse(
            "'grpc' backend protocol must be use TLS listener only or redirect to: take HTTP out of listen-ports, or set ssl-redirect",
        );
    }
    Ok(())
}
