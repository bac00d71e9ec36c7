//! One of `spec.tls[]` or `spec.tcp[]`: connections that are passed on as bytes.

use model::{Name, Reason};

use super::{
    destination::{self, Destinations, Share},
    host::Host,
    scope::Scope,
};
use crate::dialect::{Fields, Problems};

#[derive(Debug)]
pub(in crate::istio) struct L4Route {
    /// Any of them.
    pub matches: Vec<L4Match>,
    pub shares: Vec<Share>,
}

#[derive(Debug, Default)]
pub(in crate::istio) struct L4Match {
    /// `spec.tls[0].match[0]`.
    pub field: String,
    pub scope: Scope,
    /// Of `tls[]` alone.
    pub sni_hosts: Vec<Host>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::istio) enum L4Kind {
    Tls,
    Tcp,
}

/// Facts of a connection that Istio does not look at on a gateway either, or that no client of
/// one has.
const PASSED_OVER: [&str; 3] = ["destinationSubnets", "sourceSubnet", "sourceSubnets"];

impl L4Route {
    /// `hosts` are those of the whole object.
    pub(super) fn read(
        rule: &mut Fields<'_>,
        kind: L4Kind,
        hosts: &[Host],
        destinations: &mut Destinations<'_>,
        problems: &mut Problems,
    ) -> Self {
        let path = rule.path_of("match");
        let mut matches = Vec::new();
        for mut block in rule.children("match", "L4MatchAttributes", problems) {
            let scope = Scope::read(&mut block, destinations.namespace, problems);
            for key in PASSED_OVER.into_iter().filter(|key| block.has(key)) {
                let text = format!("{key} is not looked at on a gateway: remove it");
                problems.warn(Reason::NotHonoured, block.path_of(key), text);
            }
            block.accept(&PASSED_OVER);
            let field = block.path().to_owned();
            let sni_hosts = match kind {
                L4Kind::Tls => sni_hosts(&mut block, hosts, problems),
                L4Kind::Tcp => Vec::new(),
            };
            block.finish(problems);
            matches.push(L4Match { field, scope, sni_hosts });
        }
        match kind {
            L4Kind::Tls if matches.is_empty() => {
                let text = "connections are told apart by name: write match: [{sniHosts: […]}]";
                problems.reject(Reason::InvalidField, path, text);
            }
            L4Kind::Tcp if matches.is_empty() => matches.push(L4Match::default()),
            _ => {}
        }
        let shares = destination::shares(rule, destinations, problems);
        if !rule.has("route") {
            let text = "nothing answers: write route: [{destination: {host: …}}]";
            problems.reject(Reason::InvalidField, rule.path_of("route"), text);
        }
        Self { matches, shares }
    }
}

fn sni_hosts(block: &mut Fields<'_>, hosts: &[Host], problems: &mut Problems) -> Vec<Host> {
    let path = block.path_of("sniHosts");
    let written = block.texts("sniHosts", problems);
    if written.is_empty() {
        let text = "at least one name is needed, of spec.hosts or under one of them";
        problems.reject(Reason::InvalidField, path, text);
        return Vec::new();
    }
    let mut found = Vec::with_capacity(written.len());
    for (index, text) in written.into_iter().enumerate() {
        let name = if text == "*" { Ok(None) } else { Name::parse(text).map(Some) };
        let fault = match name.map(Host::new) {
            Ok(host) if hosts.iter().any(|known| known.covers(&host)) => {
                found.push(host);
                continue;
            }
            Ok(_) => format!("{text:?} is under none of spec.hosts: add it there, or correct it"),
            Err(error) => format!("{text:?} is no name of a server: {error}"),
        };
        problems.reject(Reason::InvalidField, format!("{path}[{index}]"), fault);
    }
    found
}
