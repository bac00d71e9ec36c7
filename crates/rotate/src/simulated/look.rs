//! A look at all machines, as `discover` and `census` would put it together.

use futures::FutureExt;

use super::Simulated;
use crate::{
    Facts, Health, HostFacts, HostName, Inventory, Process, Program, census::census, facts::Served,
};

/// The cluster as it is now. What is where is told by `like`: the same cluster as it once was.
pub(crate) fn look(sim: &Simulated, like: &Facts, inventory: &Inventory) -> (Facts, Health) {
    let hosts = like.hosts.iter().map(|(name, known)| (name.clone(), sim.host(name, known)));
    let hosts = hosts.collect();
    let now = sim.state().now;
    let facts = Facts { now, hosts };
    let health = census(sim, &facts, inventory).now_or_never();
    (facts, health.expect("nobody waits in memory"))
}

impl Simulated {
    fn host(&self, name: &HostName, known: &HostFacts) -> HostFacts {
        let state = self.state();
        let machine = &state.machines[name];
        let mut host = HostFacts { served: Vec::new(), ..known.clone() };
        for file in host.files.values_mut() {
            *file = machine.seen(&file.path);
        }
        for component in &mut host.components {
            let running = machine.running.get(&component.program);
            let like = machine.component(component.program).and_then(|one| one.process.clone());
            component.process = running.zip(like).map(|(running, like)| Process {
                pid: running.pid,
                started: running.started,
                ..like
            });
            if component.program != Program::Etcd {
                continue;
            }
            host.served.extend(component.endpoints.iter().map(|endpoint| Served {
                program: component.program,
                port: endpoint.port,
                outcome: state.handshake(name, endpoint.address, None),
            }));
        }
        host
    }
}
