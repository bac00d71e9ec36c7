//! `doorward listener` and `doorward loadbalancer`: the verbs that change what is served.

use anyhow::Result;

use super::{
    client::Client,
    describe::{self, listener_path},
    show,
};
use crate::{
    args::{ListenerVerb, LoadBalancerVerb, Switch},
    view::{LoadBalancerView, ReadOnly, SetDefault},
};

pub fn listener(verb: &ListenerVerb) -> Result<()> {
    let (ListenerVerb::SetDefault(change)
    | ListenerVerb::Add(change)
    | ListenerVerb::Remove(change)) = verb;
    let client = Client::new(&change.remote)?;
    let path = listener_path(&change.listener.to_string());
    let additional = format!("{path}/additional/{}", change.id);
    let answer = match verb {
        ListenerVerb::SetDefault(_) => {
            client.put(&format!("{path}/default"), &SetDefault { id: change.id.clone() })
        }
        ListenerVerb::Add(_) => client.post(&additional, &()),
        ListenerVerb::Remove(_) => client.delete(&additional),
    }?;
    show(&answer, change.remote.output.output, describe::listener)
}

pub fn load_balancer(verb: &LoadBalancerVerb) -> Result<()> {
    let LoadBalancerVerb::ReadOnly { name, switch, remote } = verb;
    let body = ReadOnly { enabled: *switch == Switch::On };
    let answer =
        Client::new(remote)?.put(&format!("/api/v1/loadbalancers/{name}/read-only"), &body)?;
    show(&answer, remote.output.output, |balancer: LoadBalancerView, _| match balancer.read_only {
        true => format!("{name}: read-only mode is on, listeners follow the manifests\n"),
        false => format!("{name}: read-only mode is off, listeners can be changed\n"),
    })
}
