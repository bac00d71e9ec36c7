//! A connection whose bytes are passed on as they are, between a client and an endpoint.
//!
//! Either side may stop sending and go on reading. The watchdog ends what is silent for too long,
//! and what has to go.

use model::{ListenerKey, Tunnel};
use tracing::debug;

use crate::{
    Connection,
    listener::Common,
    metrics::TunnelResult,
    proxy::Reason,
    roster::{Order, uncut},
    session::Tap,
};

/// Passes on bytes until both sides are done, or the watchdog has the connection cut.
pub async fn serve(
    common: &Common,
    connection: &Connection,
    listener: &ListenerKey,
    tunnel: &Tunnel,
    mut client: Tap,
) {
    client.begin_piped();
    let opening = common.proxy.open(&tunnel.targets, connection.client.ip());
    let pulse = client.pulse().clone();
    let result = match uncut(&pulse, opening).await {
        None => TunnelResult::Cut,
        Some(Err(failure)) => {
            debug!(%listener, client = %connection.client, tunnel = %tunnel.origin,
                reason = failure.reason.as_str(), "a connection is closed, as nobody takes it");
            match failure.reason {
                Reason::NoEndpoints => TunnelResult::NoEndpoint,
                _ => TunnelResult::ConnectFailed,
            }
        }
        Some(Ok(mut opened)) => {
            client.begin_piped();
            match tokio::io::copy_bidirectional(&mut client, &mut opened.stream).await {
                Ok((received, sent)) => {
                    debug!(%listener, client = %connection.client, tunnel = %tunnel.origin,
                        endpoint = %opened.endpoint, attempts = opened.attempts, received, sent, "a tunnel is done");
                    TunnelResult::Done
                }
                Err(_) if pulse.order() == Order::Cut => TunnelResult::Cut,
                Err(_) => TunnelResult::Broken,
            }
        }
    };
    common.metrics.tunnel(result);
}
