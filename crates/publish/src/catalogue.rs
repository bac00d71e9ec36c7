//! Everything that can be asked for: the World's Secrets, the last good content of each.
//!
//! One Catalogue is made of the one before it and a World, so that a Secret whose newest content
//! is bad goes on with what it had. It never says more than the asker may know.

mod hosts;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use model::{
    CertificateId,
    resource::{self, Asked, Part, Scheme},
};
use translate::{
    World,
    world::{Key, Object, Secret},
};

use crate::{
    content::{Content, Roots},
    reach::Reach,
    validate,
};
use hosts::Hosts;

#[derive(Debug, Default)]
pub struct Catalogue {
    secrets: BTreeMap<Key, Arc<Offer>>,
    /// Ids of the certificate store.
    stored: BTreeMap<CertificateId, Key>,
    /// By namespace.
    hosts: BTreeMap<Arc<str>, Arc<Hosts>>,
}

/// What one Secret has to give.
#[derive(Debug)]
pub(crate) struct Offer {
    object: Arc<Object<Secret>>,
    /// The newest good one.
    pub(crate) pair: Option<Arc<Content>>,
    roots: Option<Arc<Content>>,
    /// Why the pair that the Secret holds now is not `pair`.
    problem: Option<String>,
    /// The same of its CA and `roots`.
    roots_problem: Option<String>,
}

/// The answer to a name.
#[derive(Clone, Debug)]
pub struct Found {
    pub content: Option<Arc<Content>>,
    /// Why there is no content, or why it is not the newest; names the cure.
    pub problem: Option<Arc<str>>,
}

impl Catalogue {
    /// What is offered once the World is this one.
    pub fn next(&self, world: &World, now: Timestamp) -> Self {
        let secrets: BTreeMap<_, _> = world
            .secrets
            .iter()
            .map(|(key, object)| {
                let before = self.secrets.get(key);
                let same = before.filter(|before| Arc::ptr_eq(&before.object, object));
                let offer = same.cloned().unwrap_or_else(|| Offer::new(object, before).into());
                (key.clone(), offer)
            })
            .collect();
        let stored = secrets
            .iter()
            .filter_map(|(key, offer)| Some((offer.object.body.store_id.clone()?, key.clone())))
            .collect();
        let hosts = hosts::by_namespace(&secrets, &self.hosts, now);
        Self { secrets, stored, hosts }
    }

    pub fn find(&self, name: &str, reach: &Reach) -> Found {
        if name.len() > resource::MAX_NAME {
            return Found::nothing("the name is too long to name a Secret or a host");
        }
        match Asked::parse(name) {
            Asked::Nothing(why) => Found::nothing(why),
            Asked::Secret { scheme, namespace, name, part } => {
                let own = &*reach.namespace;
                let wanted = namespace.unwrap_or(own);
                let allowed = match scheme {
                    Scheme::Kubernetes => wanted == own,
                    Scheme::KubernetesGateway | Scheme::Plain => reach.covers(wanted),
                };
                if !allowed {
                    return Found::nothing(format!(
                        "namespace {wanted} is out of reach for a proxy of namespace {own}: move the \
                         Secret, or grant it under sds.grants and ask by kubernetes-gateway://"
                    ));
                }
                let found = match part {
                    Part::Pair => self.pair(wanted, name),
                    Part::Roots => self.roots(wanted, name),
                };
                match found {
                    Some(found) => found,
                    None if scheme == Scheme::Plain && namespace.is_none() => {
                        self.find_elsewhere(name, part, reach)
                    }
                    None => Found::nothing(format!("Secret {wanted}/{name} does not exist")),
                }
            }
        }
    }

    /// A plain name that is no Secret of the asker's namespace: an id of the store, or a host.
    fn find_elsewhere(&self, name: &str, part: Part, reach: &Reach) -> Found {
        let stored = self.stored.get(&CertificateId::store(name));
        if let Some(key) = stored.filter(|key| reach.covers(&key.namespace)) {
            let found = match part {
                Part::Pair => self.pair(&key.namespace, &key.name),
                Part::Roots => self.roots(&key.namespace, &key.name),
            };
            return found.unwrap_or_else(|| Found::nothing("the store's Secret is gone"));
        }
        let host = reach
            .namespaces()
            .filter(|_| part == Part::Pair)
            .find_map(|namespace| self.hosts.get(namespace)?.choose(name));
        match host {
            Some(content) => Found { content: Some(content), problem: None },
            None => Found::nothing(format!(
                "no Secret {}/{name}, no certificate of the store with this id and none for a host \
                 of this name within reach",
                reach.namespace
            )),
        }
    }

    fn pair(&self, namespace: &str, name: &str) -> Option<Found> {
        let offer = self.offer(namespace, name)?;
        let problem = offer.problem.as_deref();
        let problem = problem.map(|why| format!("Secret {namespace}/{name}: {why}").into());
        Some(Found { content: offer.pair.clone(), problem })
    }

    /// Of the Secret `NAME-cacert` if there is one, and then of it alone; else of `NAME`.
    fn roots(&self, namespace: &str, name: &str) -> Option<Found> {
        let own = resource::ca_secret(name);
        let (name, offer) = match self.offer(namespace, &own) {
            Some(offer) => (own.as_str(), offer),
            None => (name, self.offer(namespace, name)?),
        };
        let lacks = "it holds no CA: put its certificates under ca.crt or cacert";
        let lacks = offer.roots.is_none().then_some(lacks);
        let problem = offer.roots_problem.as_deref().or(lacks);
        let problem = problem.map(|why| format!("Secret {namespace}/{name}: {why}").into());
        Some(Found { content: offer.roots.clone(), problem })
    }

    fn offer(&self, namespace: &str, name: &str) -> Option<&Arc<Offer>> {
        self.secrets.get(&Key::new(namespace, name))
    }

    /// The certificate and the roots of one Secret by its id, for the server's own use.
    pub(crate) fn of_id(&self, id: &CertificateId) -> Option<&Arc<Offer>> {
        let key = match id.as_secret() {
            Some((namespace, name)) => Key::new(namespace, name),
            None => self.stored.get(id)?.clone(),
        };
        self.secrets.get(&key)
    }
}

impl Offer {
    fn new(object: &Arc<Object<Secret>>, before: Option<&Arc<Self>>) -> Self {
        let checked = match &object.body.pair {
            Err(problem) => Err(problem.to_string()),
            Ok(certificate) => match validate::pair(certificate) {
                Err(problem) => Err(problem.to_owned()),
                Ok(()) => Ok(Arc::new(Content::pair(certificate.clone()))),
            },
        };
        let (pair, problem) = match checked {
            Ok(content) => (Some(content), None),
            Err(problem) => (before.and_then(|before| before.pair.clone()), Some(problem)),
        };
        let Secret { roots, crls, ca_problem, .. } = &object.body;
        let roots = match (roots.as_slice(), ca_problem) {
            // A CA that can no longer be read is no reason to let nobody in.
            (_, Some(_)) => before.and_then(|before| before.roots.clone()),
            ([], None) => None,
            (certificates, None) => {
                let roots = Roots { certificates: certificates.to_vec(), crls: crls.clone() };
                Some(Arc::new(Content::roots(roots)))
            }
        };
        let roots_problem = ca_problem.as_ref().map(ToString::to_string);
        Self { object: object.clone(), pair, roots, problem, roots_problem }
    }

    pub(crate) fn roots(&self) -> Option<&Arc<Content>> {
        self.roots.as_ref()
    }
}

impl Found {
    fn nothing(why: impl Into<Arc<str>>) -> Self {
        Self { content: None, problem: Some(why.into()) }
    }
}

#[cfg(test)]
mod tests;
