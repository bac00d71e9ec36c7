//! etcd on machines of its own, API servers on others; nobody is on both.

use super::*;

pub(crate) fn api_host(number: usize) -> HostName {
    HostName(format!("api-{number}"))
}

/// Members are called as masters are elsewhere.
pub(crate) fn external(members: usize, api_servers: usize) -> Facts {
    let mut facts = Ack { masters: members, ..Ack::default() }.facts();
    let urls: Vec<String> =
        (1..=members).map(|number| format!("https://{}:2379", address(number))).collect();
    let (_, first) = facts.hosts.first_key_value().expect("a member");
    let first = first.clone();
    let is_copy = |path: &PathBuf| path.starts_with(KUBERNETES);
    for host in facts.hosts.values_mut() {
        host.components.retain(|component| component.program == Program::Etcd);
        host.files.retain(|path, _| !is_copy(path));
    }
    for number in 1..=api_servers {
        let mut host = first.clone();
        host.components.retain(|component| component.program == Program::KubeApiserver);
        host.files.retain(|path, _| is_copy(path));
        host.authority_keys.clear();
        for component in &mut host.components {
            component.host = api_host(number);
            component.settings.set("etcd-servers", &urls.join(","));
            for endpoint in &mut component.endpoints {
                endpoint.address = format!("10.0.1.{number}:6443").parse().expect("an address");
            }
        }
        facts.hosts.insert(api_host(number), host);
    }
    facts
}
