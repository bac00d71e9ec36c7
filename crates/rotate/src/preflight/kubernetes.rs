//! The authority of Kubernetes: its leaves are in hands that no plan reaches, so it changes only
//! where they stay good meanwhile.

use std::collections::BTreeSet;

use super::{Look, Looked};
use crate::{
    Program, Purpose, Reread,
    finding::Finding,
    plan::{
        Mode,
        scope::{Authority, Realm, TrustSpot},
        will_change,
    },
};

pub(super) fn look(look: &Look<'_>, looked: &mut Looked) {
    for authority in &look.scope.authorities {
        if !will_change(look.scope, authority, look.mode, look.wish, look.facts.now) {
            continue;
        }
        match (look.scope.realm(&authority.id), look.mode) {
            (_, Mode::SameKey) | (Realm::Etcd | Realm::FrontProxy, _) => {}
            // Both stop for a sweep, so that it does not matter whose file changes first.
            (Realm::Both, Mode::Sweep) if look.wish.mode == Some(Mode::SameKey) => {}
            (Realm::Both, Mode::Sweep) => sweeping(looked),
            (Realm::Both, Mode::Cross) => {
                apart(look, authority, looked);
                movable(look, authority, looked);
            }
            (Realm::Both, _) => looked.against.push(Finding::everywhere(format!(
                "{:?} is one authority for etcd and Kubernetes, and cannot vouch for a successor, \
                 so every kubelet and pod that knows only it would be cut off; bring its key back \
                 to a master",
                authority.certificate.name()
            ))),
            (Realm::Kubernetes, Mode::Bundle) => looked.against.push(Finding::everywhere(format!(
                "{:?} cannot vouch for a successor, so every kubelet and pod that knows only it \
                 would be cut off; bring its key back to a master, or leave out --kubernetes; \
                 --mode sweep cuts them off, where each can be given new ones afterwards",
                authority.certificate.name()
            ))),
            (Realm::Kubernetes, Mode::Cross) => movable(look, authority, looked),
            (Realm::Kubernetes, _) => sweeping(looked),
        }
    }
}

fn sweeping(looked: &mut Looked) {
    looked.notes.push(
        "Kubelets and pods hold certificates and trust of the dead authority: after the sweep, \
         each kubelet needs a new one (a bootstrap token and a restart), and each pod that talks \
         to the API server a restart."
            .to_owned(),
    );
}

/// etcd leaves an old authority that Kubernetes goes on trusting, so each has files of its own.
fn apart(look: &Look<'_>, authority: &Authority, looked: &mut Looked) {
    let spots = || {
        let spots = look.scope.trusts.iter().filter(|spot| spot.reread != Reread::Never);
        spots.filter(|spot| spot.authorities.contains(&authority.id))
    };
    let signs = |spot: &TrustSpot| {
        let host = look.facts.hosts.get(&spot.host);
        let pairs = host.into_iter().flat_map(|host| &host.components).flat_map(|one| &one.pairs);
        let mut signing = pairs.filter(|pair| pair.purpose == Purpose::ClusterSigning);
        signing.any(|pair| pair.certificate == spot.path)
    };
    let is_shared = |spot: &TrustSpot| {
        let is_same = |other: &TrustSpot| other.host == spot.host && other.path == spot.path;
        signs(spot) || spots().any(|other| !other.is_etcds() && is_same(other))
    };
    let shared: BTreeSet<_> = spots()
        .filter(|spot| spot.is_etcds() && is_shared(spot))
        .map(|spot| (&spot.host, &spot.path))
        .collect();
    looked.against.extend(shared.into_iter().map(|(host, path)| {
        Finding::at(
            host,
            format!(
                "{}: etcd and Kubernetes go by this one file, and change at different times; \
                 give etcd files of its own (--trusted-ca-file, --peer-trusted-ca-file, and the \
                 API server's --etcd-cafile), or keep all that {:?} issued good: doorward pki \
                 renew --kubernetes --mode same-key",
                path.display(),
                authority.certificate.name()
            ),
        )
    }));
}

/// A file that the signing program reads may hold one certificate only, so an API server that
/// reads the same one must be told of another.
fn movable(look: &Look<'_>, authority: &Authority, looked: &mut Looked) {
    for spot in &look.scope.trusts {
        if spot.program == Program::KubeApiserver
            && spot.reread != Reread::Never
            && spot.authorities.contains(&authority.id)
            && spot.is_kept_at(&authority.kept_at)
            && crate::plan::manifest(look.facts, spot).is_none()
        {
            looked.against.push(Finding::at(
                &spot.host,
                format!(
                    "{}: is the file that also signs, which may hold one certificate only, and \
                     the API server runs from no static pod that could be pointed elsewhere; give \
                     its --client-ca-file a file of its own first",
                    spot.path.display()
                ),
            ));
        }
    }
}
