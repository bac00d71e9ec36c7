//! `spec.hosts`.

use model::{Name, Reason};

use super::host::Host;
use crate::dialect::{Fields, Problems};

/// Names without a dot are Services of the object's own namespace.
pub(super) fn read(spec: &mut Fields<'_>, namespace: &str, problems: &mut Problems) -> Vec<Host> {
    let path = spec.path_of("hosts");
    let mut hosts: Vec<(Host, usize)> = Vec::new();
    for (index, text) in spec.texts("hosts", problems).into_iter().enumerate() {
        let name = match text {
            "*" => Ok(None),
            text if text.contains('.') => Name::parse(text).map(Some),
            text => Name::parse(&format!("{text}.{namespace}.svc.cluster.local")).map(Some),
        };
        match name {
            Ok(name) => hosts.push((Host::new(name), index)),
            Err(error) => {
                let text = format!("host {text:?} is not served: {error}");
                problems.reject(Reason::InvalidField, format!("{path}[{index}]"), text);
            }
        }
    }
    // What lies under a wildcard follows it at once.
    let mut sorted: Vec<&(Host, usize)> = hosts.iter().collect();
    sorted.sort();
    for pair in sorted.windows(2) {
        let [(wider, _), (host, index)] = pair else { continue };
        if wider.covers(host) {
            let text =
                format!("{wider} stands in the list already and takes {host} in: keep one of them");
            problems.reject(Reason::InvalidField, format!("{path}[{index}]"), text);
        }
    }
    hosts.into_iter().map(|(host, _)| host).collect()
}
