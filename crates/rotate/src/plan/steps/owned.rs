//! Hosts whose product renews their certificates itself: nothing is made, staged or written here;
//! one server after the other stops, renews and starts.

use super::{Act, Input, Phase, Step, Steps, etcd_hosts, snapshot_from};
use crate::{HostName, Program, plan::Rotation};

pub(super) fn is_so(input: &Input<'_>) -> bool {
    hosts(input).iter().any(|host| input.facts.hosts[host].product.is_some())
}

pub(super) fn of(input: &Input<'_>) -> Vec<Step> {
    let mut steps = Steps(Vec::new());
    let hosts = hosts(input);
    for host in &hosts {
        steps.add(Phase::Prepare, Act::Lock { host: host.clone() });
    }
    if let Some(host) = snapshot_from(input) {
        steps.add(Phase::Prepare, Act::Snapshot { host });
    }
    for host in &hosts {
        let Some(product) = input.facts.hosts[host].product.clone() else { continue };
        let has_member = input.scope.hosts_with(Program::Etcd).contains(host);
        let rotation = Rotation { host: host.clone(), product, has_member };
        steps.add(Phase::Leaves, Act::Rotate(rotation));
    }
    steps.add(Phase::Finish, Act::Verify);
    for host in hosts {
        steps.add(Phase::Finish, Act::Unlock { host });
    }
    steps.0
}

/// Members first, the leader last of them; then servers without one.
fn hosts(input: &Input<'_>) -> Vec<HostName> {
    let members = etcd_hosts(input);
    let others = input.scope.hosts().into_iter().filter(|host| !members.contains(host));
    members.iter().cloned().chain(others).collect()
}
