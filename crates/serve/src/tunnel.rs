//! A connection whose bytes are passed on as they are, between a client and an endpoint.
//!
//! Either side may stop sending and go on reading. The watchdog ends what is silent for too long,
//! and what has to go.

mod counted;

use std::sync::Arc;

use model::{ListenerKey, Tunnel};

use crate::{
    AccessFacts, Connection,
    listener::Common,
    metrics::TunnelResult,
    proxy::{Failure, Opened, Reason},
    roster::{Order, uncut},
    session::Tap,
};
use counted::Counted;

/// A connection that is to be passed on. `server_name` is what the client asked for, where its
/// TLS goes on unopened.
pub struct Passing<'a> {
    pub connection: &'a Arc<Connection>,
    pub listener: &'a ListenerKey,
    pub server_name: Option<Arc<str>>,
    pub tunnel: &'a Tunnel,
}

/// Passes on bytes until both sides are done, or the watchdog has the connection cut.
pub async fn serve(common: &Common, passing: Passing<'_>, client: Tap) {
    let entry = common.access_log.begin_tunnel(
        passing.connection,
        passing.listener,
        passing.server_name.clone(),
    );
    client.begin_piped();
    let pulse = client.pulse().clone();
    let opening = common.proxy.open(&passing.tunnel.targets, passing.connection.client.ip());
    let (result, facts, received, sent) = match uncut(&pulse, opening).await {
        None => (TunnelResult::Cut, AccessFacts::default(), 0, 0),
        Some(Err(failure)) => (result_of(failure.reason), facts_of_failure(failure), 0, 0),
        Some(Ok(Opened { mut stream, endpoint, attempts })) => {
            client.begin_piped();
            let mut client = Counted::new(client);
            let copied = tokio::io::copy_bidirectional(&mut client, &mut stream).await;
            let result = match copied {
                Ok(_) => TunnelResult::Done,
                Err(_) if pulse.order() == Order::Cut => TunnelResult::Cut,
                Err(_) => TunnelResult::Broken,
            };
            let facts = AccessFacts { endpoint: Some(endpoint), attempts, ..Default::default() };
            (result, facts, client.received, client.sent)
        }
    };
    common.metrics.tunnel(result);
    if let Some(entry) = entry {
        let rule = Some(passing.tunnel.origin.to_string().into());
        let reason = facts.reason.or_else(|| result.trouble());
        entry.passed(received, sent, AccessFacts { rule, reason, ..facts });
    }
}

fn result_of(reason: Reason) -> TunnelResult {
    match reason {
        Reason::NoEndpoints => TunnelResult::NoEndpoint,
        _ => TunnelResult::ConnectFailed,
    }
}

fn facts_of_failure(failure: Failure) -> AccessFacts {
    AccessFacts {
        endpoint: failure.endpoint,
        attempts: failure.attempts,
        reason: Some(failure.reason.as_str()),
        ..AccessFacts::default()
    }
}
