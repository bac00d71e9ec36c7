//! `httpsRedirect`: every request in clear text is sent to HTTPS.

use std::sync::Arc;

use http::StatusCode;
use model::{Action, Direction, Name, Redirect, Rule, RuleMatch};

use super::gateway::{GatewayPlan, Kind, ServerPlan};

/// The port that a URL need not name.
const HTTPS: u16 = 443;

/// To the same URL under `https`. The names come in a rule of their own, as a rule without any
/// gives way to those of other servers that name them.
pub(super) fn rules(gateway: &GatewayPlan, server: &ServerPlan) -> Vec<Arc<Rule>> {
    let named: Vec<Name> = server.hosts.iter().filter_map(|host| host.name.clone()).collect();
    let mut hosts = Vec::with_capacity(2);
    if !named.is_empty() {
        hosts.push(named);
    }
    if server.is_for_any_name() {
        hosts.push(Vec::new());
    }
    let port = match secure_port(gateway) {
        HTTPS => None,
        other => Some(other.to_string().into_boxed_str()),
    };
    let rule = |hosts| {
        Arc::new(Rule {
            origin: gateway.subject.object.clone(),
            direction: Direction::Request,
            matches: RuleMatch { hosts, ..RuleMatch::default() },
            filters: Vec::new(),
            forwarding: None,
            action: Action::Redirect(Redirect {
                protocol: Some("https".into()),
                host: None,
                port: port.clone(),
                path: None,
                query: None,
                change: None,
                status: StatusCode::MOVED_PERMANENTLY,
            }),
        })
    };
    hosts.into_iter().map(rule).collect()
}

/// 443, unless all HTTPS of the Gateway is elsewhere.
fn secure_port(gateway: &GatewayPlan) -> u16 {
    let secure = gateway.servers.iter().filter(|server| matches!(server.kind, Kind::Https(_)));
    let mut ports = secure.map(|server| server.port);
    let first = ports.next().unwrap_or(HTTPS);
    if ports.any(|port| port == HTTPS) { HTTPS } else { first }
}
