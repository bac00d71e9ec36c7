//! `doorward get KIND`: one line for each.

use anyhow::Result;
use jiff::Timestamp;

use super::{client::Client, show};
use crate::{
    args::{GetArgs, Kind, Output},
    table::{self, Screen, Table},
    view::{
        BindingView, CertificateView, EnvoyView, ListenerView, LoadBalancerView, OrderView,
        VerdictView,
    },
};

pub fn get(args: &GetArgs) -> Result<()> {
    let client = Client::new(&args.remote)?;
    let output = args.remote.output.output;
    match args.kind {
        Kind::Listeners => show(&client.get("/api/v1/listeners")?, output, listeners),
        Kind::Certificates => list_certificates(&client, output),
        Kind::Loadbalancers => show(&client.get("/api/v1/loadbalancers")?, output, balancers),
        Kind::Orders => show(&client.get("/api/v1/orders")?, output, orders),
        Kind::Sds => show(&client.get("/api/v1/sds")?, output, envoys),
        Kind::Verdicts => {
            show(&client.get("/api/v1/verdicts")?, output, |found: Vec<_>, screen| {
                verdicts(&found, screen)
            })
        }
    }
}

pub fn list_certificates(client: &Client, output: Output) -> Result<()> {
    show(&client.get("/api/v1/certificates")?, output, certificates)
}

fn listeners(found: Vec<ListenerView>, screen: Screen) -> String {
    if found.is_empty() {
        return "no listeners: see `doorward get verdicts` for what the manifests lack\n".into();
    }
    listener_table(&found, screen).to_string()
}

/// Also what `check` prints.
pub fn listener_table(found: &[ListenerView], screen: Screen) -> Table {
    let header = ["LISTENER", "PROTOCOL", "ADDRESS", "CERTS", "EXPIRES", "PROBLEMS", "DEFAULT"];
    let mut table = Table::new(screen, &header, &["DEFAULT"]);
    let now = Timestamp::now();
    for listener in found {
        let default = listener.certificates.iter().find(|binding| binding.is_default);
        let expiry = listener.certificates.iter().filter_map(|binding| binding.not_after).min();
        table.row([
            listener.key(),
            listener.protocol.clone(),
            listener.address.clone(),
            listener.certificates.len().to_string(),
            expiry.map_or("-".into(), |time| table::distance(time, now)),
            listener.problems.len().to_string(),
            default.map_or("-".into(), |binding| binding.id.clone()),
        ]);
    }
    table
}

/// Also what `check` and `describe` print.
pub fn binding_table(bindings: &[BindingView], screen: Screen) -> Table {
    let header = ["CERTIFICATE", "DEFAULT", "SOURCE", "STATUS", "EXPIRES", "NAMES"];
    let mut table = Table::new(screen, &header, &["CERTIFICATE", "NAMES"]);
    let now = Timestamp::now();
    for binding in bindings {
        table.row([
            binding.id.clone(),
            if binding.is_default { "yes" } else { "" }.into(),
            binding.source.clone(),
            binding.status.clone(),
            binding.not_after.map_or("-".into(), |time| table::distance(time, now)),
            table::names(&binding.names),
        ]);
    }
    table
}

/// Also what `describe` prints.
pub fn verdicts(found: &[VerdictView], screen: Screen) -> String {
    let header = ["OBJECT", "STATE", "REASON", "MESSAGE"];
    let mut table = Table::new(screen, &header, &["MESSAGE"]);
    for verdict in found {
        let mut message = verdict.message.clone();
        if let Some(field) = &verdict.field {
            message = format!("{field}: {message}");
        }
        if let Some(origin) = verdict.origin.as_ref().filter(|_| verdict.state != "Accepted") {
            message.push_str(&format!(" ({origin})"));
        }
        table.row([verdict.object.clone(), verdict.state.clone(), verdict.reason.clone(), message]);
    }
    table.to_string()
}

fn certificates(found: Vec<CertificateView>, screen: Screen) -> String {
    if found.is_empty() {
        return "no certificates: upload one with `doorward certificate upload`\n".into();
    }
    let header = ["ID", "KIND", "STATUS", "EXPIRES", "NAMES", "USED BY"];
    let mut table = Table::new(screen, &header, &["ID", "NAMES", "USED BY"]);
    let now = Timestamp::now();
    for certificate in found {
        let facts = certificate.facts.as_ref();
        let mut uses: Vec<_> =
            certificate.listeners.iter().map(|used| used.listener.clone()).collect();
        uses.extend(certificate.attached_to.iter().map(|arn| in_short(arn)));
        table.row([
            certificate.id.clone(),
            certificate.kind.clone(),
            certificate.status.clone(),
            facts.map_or("-".into(), |facts| table::distance(facts.not_after, now)),
            facts.map_or(String::new(), |facts| table::names(&facts.names)),
            table::names(&uses),
        ]);
    }
    table.to_string()
}

/// Of a listener of AWS: `listener/app/NAME/…`.
fn in_short(arn: &str) -> String {
    arn.rsplit_once(':').map_or(arn, |(_, resource)| resource).to_owned()
}

fn balancers(found: Vec<LoadBalancerView>, screen: Screen) -> String {
    if found.is_empty() {
        return "no load balancers: see `doorward get verdicts` for what the manifests lack\n"
            .into();
    }
    let header = ["NAME", "DIALECT", "READ-ONLY", "LISTENERS", "DECLARED BY"];
    let mut table = Table::new(screen, &header, &["LISTENERS"]);
    for balancer in found {
        let listeners: Vec<_> = balancer
            .listeners
            .iter()
            .map(|listener| format!("{}/{}", listener.port, listener.protocol))
            .collect();
        table.row([
            balancer.name,
            balancer.dialect,
            if balancer.read_only { "on" } else { "off" }.into(),
            listeners.join(" "),
            balancer.declared_by,
        ]);
    }
    table.to_string()
}

/// A table of all, and a line for each that is not in hand: what it waits for needs room.
fn orders(found: Vec<OrderView>, screen: Screen) -> String {
    if found.is_empty() {
        return "no orders: no host asks for an issued certificate\n".into();
    }
    let header = ["CERTIFICATE", "ISSUER", "STAGE", "EXPIRES", "NEXT", "NAMES"];
    let mut table = Table::new(screen, &header, &["CERTIFICATE", "ISSUER", "NAMES"]);
    let now = Timestamp::now();
    let mut lines = String::new();
    for order in found {
        let distance =
            |time: Option<Timestamp>| time.map_or("-".into(), |time| table::distance(time, now));
        if order.state != "Issued" {
            lines.push_str(&format!("{}: {}\n", order.id, order.message));
        }
        table.row([
            order.id,
            match order.asked {
                Some(asked) => format!("{} (asks {asked})", order.issuer),
                None => order.issuer,
            },
            order.stage.unwrap_or(order.state),
            distance(order.expires),
            distance(order.next_attempt),
            table::names(&order.names),
        ]);
    }
    let between = if lines.is_empty() { "" } else { "\n" };
    format!("{table}{between}{lines}")
}

/// One line for each secret of each Envoy.
fn envoys(found: Vec<EnvoyView>, screen: Screen) -> String {
    if found.is_empty() {
        return "no Envoy is connected: `doorward run --sds ADDRESS` serves them\n".into();
    }
    let header =
        ["ENVOY", "NAMESPACE", "PROTOCOL", "SECRET", "STATE", "ACKED", "EXPIRES", "PROBLEM"];
    let mut table = Table::new(screen, &header, &["SECRET", "PROBLEM"]);
    let now = Timestamp::now();
    for envoy in found {
        let row = |secret: &str, state: &str, acked: String, expires: String, problem: String| {
            let (node, namespace) = (envoy.node.clone(), envoy.namespace.clone());
            let protocol = envoy.protocol.clone();
            [node, namespace, protocol, secret.into(), state.into(), acked, expires, problem]
        };
        if envoy.secrets.is_empty() {
            table.row(row("-", "-", "-".into(), "-".into(), "subscribed to nothing".into()));
        }
        for secret in &envoy.secrets {
            let acked = secret.acked.as_ref();
            let expires = acked.and_then(|acked| acked.not_after);
            let refusal = secret.rejected.as_ref().map(|rejected| {
                format!("refused {}: {}", table::distance(rejected.time, now), rejected.error)
            });
            let problem = refusal.into_iter().chain(secret.problem.clone());
            table.row(row(
                &secret.name,
                &secret.state,
                acked.map_or("-".into(), |acked| table::distance(acked.time, now)),
                expires.map_or("-".into(), |time| table::distance(time, now)),
                problem.collect::<Vec<_>>().join("; "),
            ));
        }
    }
    table.to_string()
}

#[cfg(test)]
mod tests;
