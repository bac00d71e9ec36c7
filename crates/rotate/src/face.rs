//! With which certificates the operator's side shows itself to programs: the cluster's own pairs,
//! as they were found and as they will be.
//!
//! Nothing is minted to look with. A client's pair opens the client port; a member's own pair
//! opens its peer port, which asks for the caller's address in it.

use std::path::Path;

use rustls_pki_types::CertificateDer;

use crate::{
    HostName, Pair, Program, Purpose, Reread, Site, SiteError,
    certificate::Certificate,
    component::Port,
    facts::{Content, Facts},
    kubeconfig, pem,
    run::Scene,
    site::{EtcdAnswer, EtcdAsk, Identity},
};

/// Which moment's content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Found,
    /// In the end of the run; the same as found where there is none.
    Last,
}

/// Where the bytes of the cluster's files are had from.
pub(crate) trait Contents: Sync {
    fn content(&self, host: &HostName, path: &Path, when: When) -> Option<Content>;
}

impl Contents for Facts {
    fn content(&self, host: &HostName, path: &Path, _: When) -> Option<Content> {
        self.hosts.get(host)?.files.get(path)?.content.clone()
    }
}

/// A pair to be shown, with what is known of its leaf.
#[derive(Clone, Debug)]
pub(crate) struct Face {
    pub leaf: Certificate,
    pub identity: Identity,
}

impl Face {
    fn of(certificate: &Content, key: Content) -> Option<Self> {
        let chain = pem::certificates(certificate.bytes());
        let leaf = chain.first()?.clone();
        let chain = chain.into_iter().map(|certificate| certificate.der).collect();
        Some(Self { leaf, identity: Identity { chain, key } })
    }

    /// By what its file holds beside the leaf, too.
    fn leads_to(&self, roots: &[Certificate]) -> bool {
        let chain = self.identity.chain.iter().filter_map(|der| Certificate::read(der).ok());
        chain.into_iter().any(|one| roots.iter().any(|root| one.is_issued_by(root)))
    }

    /// Without what else the file holds: only who trusts the leaf's issuer itself accepts it.
    pub(crate) fn alone(&self) -> Identity {
        Identity { chain: vec![self.leaf.der.clone()], key: self.identity.key.clone() }
    }
}

/// The pairs of a cluster.
pub(crate) struct Faces<'a, K> {
    pub scene: &'a Scene,
    pub contents: &'a K,
}

impl<K: Contents> Faces<'_, K> {
    /// Pairs for one port, the one that will be first: until a run is through, one of them is
    /// accepted by whoever is asked.
    pub(crate) fn at(&self, host: &HostName, program: Program, port: Port) -> Vec<Face> {
        let Some((owner, pair)) = self.pair_for(host, program, port) else { return Vec::new() };
        let last = self.face(owner, pair, When::Last);
        let found = self.face(owner, pair, When::Found);
        let same = |found: &Face| last.as_ref().is_some_and(|last| last.leaf == found.leaf);
        let found = found.filter(|found| !same(found));
        last.iter().cloned().chain(found).collect()
    }

    /// Pairs that the host's API server trusts by its own file of authorities, those with most
    /// rights first: of people's kubeconfigs, then what an API server shows kubelets. Of each the
    /// one that will be before the one that was.
    pub(crate) fn callers(&self, host: &HostName) -> Vec<Face> {
        let roots = self.client_roots(host);
        let owners: Vec<&HostName> = self.scene.hosts.keys().collect();
        let people = owners.iter().flat_map(|owner| {
            let paths = &self.scene.hosts[*owner].idle_kubeconfigs;
            paths.iter().map(move |path| (*owner, path))
        });
        let people = people.flat_map(|(owner, path)| {
            [When::Last, When::Found].map(|when| self.embedded(owner, path, when))
        });
        let kubelets = owners.iter().flat_map(|owner| {
            let pair = self.pair(owner, Program::KubeApiserver, Purpose::ApiserverKubelet);
            let face = |when| pair.and_then(|(owner, pair)| self.face(owner, pair, when));
            [face(When::Last), face(When::Found)]
        });
        let mut callers: Vec<Face> = Vec::new();
        for face in people.chain(kubelets).flatten() {
            let is_new = callers.iter().all(|known| known.leaf != face.leaf);
            if is_new && face.leads_to(&roots) {
                callers.push(face);
            }
        }
        callers
    }

    fn client_roots(&self, host: &HostName) -> Vec<Certificate> {
        let server = self.scene.component(host, Program::KubeApiserver);
        let trusts = server.into_iter().flat_map(|server| &server.trusts);
        let trusts = trusts
            .filter(|trust| {
                trust.purpose == Purpose::ApiserverClients && trust.reread != Reread::Never
            })
            .flat_map(|trust| {
                [When::Found, When::Last].map(|when| self.contents.content(host, &trust.path, when))
            });
        trusts.flatten().flat_map(|content| pem::certificates(content.bytes())).collect()
    }

    /// What a kubeconfig embeds for its user.
    fn embedded(&self, host: &HostName, path: &Path, when: When) -> Option<Face> {
        let content = self.contents.content(host, path, when)?;
        let texts = kubeconfig::texts(content.bytes());
        texts.iter().find_map(|text| {
            let leaf = pem::certificates(text).into_iter().next()?;
            let key = texts.iter().find(|key| pem::holds_key_of(key, &leaf))?;
            Face::of(&Content::new(text.clone()), Content::new(key.clone()))
        })
    }

    fn face(&self, host: &HostName, pair: &Pair, when: When) -> Option<Face> {
        let certificate = self.contents.content(host, &pair.certificate, when)?;
        let key = self.contents.content(host, &pair.key, when)?;
        Face::of(&certificate, key)
    }

    /// The pair of the host itself before those of others.
    fn pair_for(
        &self,
        host: &HostName,
        program: Program,
        port: Port,
    ) -> Option<(&HostName, &Pair)> {
        let own = |program, purpose| self.pair(host, program, purpose);
        let any = |program, purpose| {
            let mut others = self.scene.hosts.keys();
            own(program, purpose).or_else(|| others.find_map(|h| self.pair(h, program, purpose)))
        };
        match (program, port) {
            (Program::Etcd, Port::Peer) => own(program, Purpose::EtcdPeer),
            (Program::Etcd, _) => {
                let pairs = [
                    any(Program::Etcd, Purpose::EtcdClient),
                    any(Program::KubeApiserver, Purpose::ApiserverEtcd),
                    own(Program::Etcd, Purpose::EtcdServer),
                ];
                let pairs = || pairs.into_iter().flatten();
                let mut known = pairs().filter(|(owner, pair)| self.is_let_in(host, owner, pair));
                known.next().or_else(|| pairs().next())
            }
            (Program::KubeApiserver, _) => any(program, Purpose::ApiserverKubelet),
            _ => None,
        }
    }

    /// A member may go by a client's name too (`embed/config.go`). Certificates keep theirs, so
    /// what was found tells.
    fn is_let_in(&self, member: &HostName, owner: &HostName, pair: &Pair) -> bool {
        let Some(etcd) = self.scene.component(member, Program::Etcd) else { return true };
        let named = |flag| etcd.settings.all(flag).collect::<Vec<_>>();
        let subjects = named("client-cert-allowed-cn");
        let hostnames = named("client-cert-allowed-hostname");
        if subjects.is_empty() && hostnames.is_empty() {
            return true;
        }
        let Some(Face { leaf, .. }) = self.face(owner, pair, When::Found) else { return false };
        subjects.iter().any(|name| leaf.common_name.as_deref() == Some(*name))
            || hostnames.iter().any(|name| leaf.names.contains(*name))
    }

    fn pair(
        &self,
        host: &HostName,
        program: Program,
        purpose: Purpose,
    ) -> Option<(&HostName, &Pair)> {
        let (host, _) = self.scene.hosts.get_key_value(host)?;
        let component = self.scene.component(host, program)?;
        // What lies about beside what the program reads may be another host's.
        let pairs = component.pairs.iter().filter(|pair| pair.purpose == purpose);
        pairs.min_by_key(|pair| pair.reread == Reread::Never).map(|pair| (host, pair))
    }

    /// Whoever may have issued what the member's client port presents, before or after.
    fn etcd_roots(&self, host: &HostName) -> Vec<CertificateDer<'static>> {
        let Some(component) = self.scene.component(host, Program::Etcd) else { return Vec::new() };
        let trusts = component.trusts.iter().filter(|trust| trust.purpose == Purpose::EtcdServer);
        let contents = trusts.flat_map(|trust| {
            let content = |when| self.contents.content(host, &trust.path, when);
            [content(When::Found), content(When::Last)]
        });
        let certificates =
            contents.flatten().flat_map(|content| pem::certificates(content.bytes()));
        certificates.map(|certificate| certificate.der).collect()
    }

    /// Asks a member with each pair that it may accept until it does. The first refusal is told:
    /// it is the new pair's. One that says nothing would say nothing to the others either.
    pub(crate) async fn ask(
        &self,
        site: &impl Site,
        host: &HostName,
        ask: EtcdAsk,
    ) -> Result<EtcdAnswer, String> {
        self.ask_from(host, site, host, ask).await.map_err(SiteError::why)
    }

    /// The same from another host, `via`: for a member whose own cannot be reached.
    pub(crate) async fn ask_from(
        &self,
        via: &HostName,
        site: &impl Site,
        host: &HostName,
        ask: EtcdAsk,
    ) -> Result<EtcdAnswer, SiteError> {
        let refused = |why: &str| SiteError::Refused { host: host.clone(), why: why.to_owned() };
        let endpoints = self.scene.component(host, Program::Etcd).map(|etcd| &etcd.endpoints);
        let mut endpoints = endpoints.into_iter().flatten();
        let endpoint = endpoints.find(|endpoint| endpoint.port == Port::Client);
        let address = endpoint.ok_or_else(|| refused("it has no client port"))?.address;
        if via != host && (address.ip().is_loopback() || address.ip().is_unspecified()) {
            return Err(refused("only its own host reaches it"));
        }
        let roots = self.etcd_roots(host);
        let mut refusal = None;
        for face in self.at(host, Program::Etcd, Port::Client) {
            match site.etcd(via, address, &face.identity, &roots, ask.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(silence @ SiteError::TooSlow { .. }) => return Err(silence),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or_else(|| refused("there is no pair to ask it with")))
    }
}

#[cfg(test)]
mod tests;
