//! Where an Ingress of class `cce` goes: `port` or `listen-ports`, with all its rules.

use model::{Protocol, Reason};

use super::{Placement, Site, listen_ports};
use crate::dialect::{Problem, Problems};

/// Behind every Ingress with an `ingress-order`.
const NO_ORDER: u16 = 1001;

pub(super) fn placement(site: &Site<'_>, problems: &mut Problems) -> Result<Placement, Problem> {
    let annotations = site.annotations;
    let refuse = |name: &str, text: String| {
        Problem::rejection(Reason::InvalidAnnotation, annotations.field(name), text)
    };
    let order = match annotations.named("ingress-order").map(|text| (text, text.parse())) {
        None => None,
        Some((_, Ok(order @ 1..=1000))) => Some(order),
        Some((text, _)) => {
            let text = format!("ingress-order {text:?} is no whole number from 1 to 1000");
            return Err(refuse("ingress-order", text));
        }
    };
    let has_priority = match annotations.named("rule-priority-enabled") {
        None => order.is_some(),
        Some("true") => true,
        Some(other) => {
            let text =
                format!("rule-priority-enabled {other:?} cannot be: write true or remove it");
            return Err(refuse("rule-priority-enabled", text));
        }
    };
    let has_certificate = site.tls.has_block || annotations.named("tls-certificate-ids").is_some();
    let (listeners, name) =
        listeners(site, has_certificate).map_err(|(name, text)| refuse(name, text))?;
    let is = |wanted: Protocol| move |(_, protocol): &&(u16, Protocol)| *protocol == wanted;
    let secure_ports: Vec<u16> =
        listeners.iter().filter(is(Protocol::Https)).map(|(port, _)| *port).collect();
    let has_both = !secure_ports.is_empty() && listeners.iter().any(|one| is(Protocol::Http)(&one));
    if site.options.ssl_redirect && !has_both {
        let text = "ssl-redirect has no effect without an HTTP and an HTTPS port: write both into listen-ports";
        problems.warn(Reason::InvalidAnnotation, annotations.field("ssl-redirect"), text);
    }
    Ok(Placement {
        order: order.unwrap_or(NO_ORDER),
        listeners,
        field: name.map_or_else(|| "spec".into(), |name| annotations.field(name)),
        forced: true,
        secure_ports,
        has_priority,
    })
}

type Listeners = Vec<(u16, Protocol)>;

/// The listeners, and the annotation that names them.
fn listeners(
    site: &Site<'_>,
    has_certificate: bool,
) -> Result<(Listeners, Option<&'static str>), (&'static str, String)> {
    if let Some(text) = site.annotations.named("listen-ports") {
        let fail = |text| ("listen-ports", text);
        let mut listeners = listen_ports::parse(text).map_err(fail)?;
        if listeners.iter().any(|(_, protocol)| *protocol == Protocol::Quic) {
            return Err(fail("listen protocol must be within [HTTP, HTTPS]: QUIC".into()));
        }
        let mut seen = Vec::new();
        for (port, protocol) in &listeners {
            if seen.iter().any(|(other, kind)| other == port && kind != protocol) {
                return Err(fail(format!(
                    "port {port} cannot be HTTP and HTTPS: keep one of them"
                )));
            }
            seen.push((*port, *protocol));
        }
        listeners.sort_unstable();
        listeners.dedup();
        if !has_certificate && listeners.iter().any(|(_, protocol)| *protocol == Protocol::Https) {
            return Err(fail(
                "an HTTPS port needs a server certificate: name one in tls-certificate-ids, or a Secret in spec.tls".into(),
            ));
        }
        return Ok((listeners, Some("listen-ports")));
    }
    let protocol = if has_certificate { Protocol::Https } else { Protocol::Http };
    let default = if has_certificate { 443 } else { 80 };
    match site.annotations.named("port") {
        None => Ok((vec![(default, protocol)], None)),
        Some(text) => match text.parse() {
            Ok(port @ 1..=u16::MAX) => Ok((vec![(port, protocol)], Some("port"))),
            _ => Err(("port", format!("port {text:?} is no number from 1 to 65535"))),
        },
    }
}
