//! A [`Memory`] as named texts: files of the state folder, or the data of a Secret. It holds
//! what a restart needs: sticky Defaults, last good certificate lists, the certificates that are
//! served although their object is bad or gone, and what AlbConfigs and objects of the dialect
//! `elb` said when they were last good.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::{Certificate, CertificateId, CertificateSource, ListenerKey, Name, ObjectRef};
use serde::{Deserialize, Serialize};
use translate::{
    Memory,
    claim::FixedCertificates,
    memory::{ElbPast, ElbTexts, ServedBefore, ServerKey},
};
use zeroize::Zeroizing;

use super::listener::SavedListener;
use crate::state::NewSecret;

/// The texts of one memory.
pub struct MemoryTexts {
    /// Everything but the certificates, which it names.
    pub index: String,
    /// By the names of their texts, which are made when needed.
    pub held_over: BTreeMap<String, Arc<Certificate>>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Saved {
    /// Listener to certificate id.
    defaults: BTreeMap<String, String>,
    /// Certificate id to the text that holds it.
    held_over: BTreeMap<String, String>,
    /// Listener to the certificates that its object named when it was last in order.
    lists: BTreeMap<String, SavedList>,
    /// Listener of an AlbConfig to its settings when they were last in order.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    listeners: BTreeMap<String, SavedListener>,
    /// Servers of a listener that live on a certificate of `held_over`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    servers: Vec<SavedServer>,
    /// Object to what it wrote in the dialect `elb`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    elb: BTreeMap<String, SavedElb>,
}

#[derive(Deserialize, Serialize)]
struct SavedList {
    ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct SavedServer {
    listener: String,
    name: Arc<str>,
    hosts: Vec<Name>,
    ids: Vec<String>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct SavedElb {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    first: ElbTexts,
    #[serde(skip_serializing_if = "Option::is_none")]
    good: Option<ElbTexts>,
}

/// A Secret's two fields; base64 as in Kubernetes.
#[derive(Deserialize)]
struct HeldOver {
    data: BTreeMap<String, String>,
}

impl MemoryTexts {
    /// The name of the index.
    pub const INDEX: &str = "memory.yaml";

    pub fn of(memory: &Memory) -> Self {
        let mut saved = Saved::default();
        let mut held_over = BTreeMap::new();
        for (listener, id) in &memory.defaults {
            saved.defaults.insert(listener.to_string(), id.to_string());
        }
        for (listener, list) in &memory.lists {
            saved.lists.insert(listener.to_string(), SavedList::of(list));
        }
        for (id, certificate) in &memory.held_over {
            let name = format!("{}.yaml", digest(certificate));
            saved.held_over.insert(id.to_string(), name.clone());
            held_over.insert(name, certificate.clone());
        }
        for (listener, spec) in &memory.listeners {
            saved.listeners.insert(listener.to_string(), SavedListener::of(spec));
        }
        saved.servers.extend(memory.holding_servers().map(SavedServer::of));
        for (object, past) in &memory.elb {
            let good = past.good.as_deref().cloned();
            let past = SavedElb { first: past.first.clone(), good };
            saved.elb.insert(object.to_string(), past);
        }
        // Texts in maps: there is nothing that the serialiser could refuse.
        let index = serde_saphyr::to_string(&saved).expect("memory is plain YAML");
        Self { index, held_over }
    }

    /// A held-over certificate with its key, as the Secret that it was.
    pub fn held_over_text(certificate: &Certificate) -> Zeroizing<String> {
        let secret = NewSecret {
            namespace: "held-over",
            name: &digest(certificate),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            certificate_pem: &x509::chain_pem(certificate),
            key_pem: &x509::key_pem(certificate),
        };
        secret.to_yaml()
    }

    /// Reads an index, and through `held_over` the texts it names. Names those that cannot be
    /// read, and why: they are lost, and the rest is there.
    pub fn read(
        index: &str,
        mut held_over: impl FnMut(&str) -> Result<Zeroizing<String>, String>,
    ) -> Result<(Memory, Vec<(String, String)>), String> {
        let saved: Saved = serde_saphyr::from_str(index).map_err(|error| error.to_string())?;
        let mut memory = Memory::default();
        let mut lost = Vec::new();
        for (listener, id) in &saved.defaults {
            if let Ok(key) = listener.parse::<ListenerKey>() {
                memory.defaults.insert(key, CertificateId::store(id));
            }
        }
        for (listener, list) in &saved.lists {
            if let Ok(key) = listener.parse::<ListenerKey>() {
                memory.lists.insert(key, list.restore());
            }
        }
        for (id, name) in saved.held_over {
            match held_over(&name).and_then(|text| read_held_over(&text)) {
                Ok(certificate) => {
                    memory.bound.insert(CertificateId::store(&id), certificate.clone());
                    memory.held_over.insert(CertificateId::store(&id), certificate);
                }
                Err(why) => lost.push((name, why)),
            }
        }
        for (listener, spec) in saved.listeners {
            if let Ok(key) = listener.parse::<ListenerKey>() {
                memory.listeners.insert(key, Arc::new(spec.restore()));
            }
        }
        memory.servers.extend(saved.servers.into_iter().filter_map(SavedServer::restore));
        for (object, SavedElb { first, good }) in saved.elb {
            let past = ElbPast { first, good: good.map(Arc::new) };
            memory.elb.extend(object_ref(&object).map(|object| (object, past)));
        }
        Ok((memory, lost))
    }
}

fn digest(certificate: &Certificate) -> String {
    certificate.fingerprint.to_string().replace("sha256:", "")
}

fn read_held_over(text: &str) -> Result<Arc<Certificate>, String> {
    let secret: HeldOver = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let pair = x509::read_pair(&secret.field("tls.crt")?, &secret.field("tls.key")?);
    pair.map(Arc::new).map_err(|problem| problem.to_string())
}

impl HeldOver {
    /// One field's bytes, wiped when dropped: one of the two is a key.
    fn field(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let text = self.data.get(name).map_or("", String::as_str);
        STANDARD.decode(text).map(Zeroizing::new).map_err(|error| format!("not base64: {error}"))
    }
}

/// `Service shop/web`, as objects are written.
fn object_ref(text: &str) -> Option<ObjectRef> {
    let (kind, rest) = text.split_once(' ')?;
    let (namespace, name) = rest.split_once('/')?;
    Some(ObjectRef::namespaced(kind, namespace, name))
}

impl SavedServer {
    fn of(((listener, name), served): (&ServerKey, &ServedBefore)) -> Self {
        let ids = served.ids.iter().map(ToString::to_string).collect();
        let (listener, name) = (listener.to_string(), name.clone());
        Self { listener, name, hosts: served.hosts.clone(), ids }
    }

    fn restore(self) -> Option<(ServerKey, ServedBefore)> {
        let ids = self.ids.iter().map(|id| CertificateId::store(id)).collect();
        let served = ServedBefore { hosts: self.hosts, ids, ..ServedBefore::default() };
        Some(((self.listener.parse().ok()?, self.name), served))
    }
}

impl SavedList {
    fn of(list: &FixedCertificates) -> Self {
        let default = list.default.as_ref().map(ToString::to_string);
        Self { ids: list.ids.iter().map(ToString::to_string).collect(), default }
    }

    /// Only an AlbConfig writes lists, so that is where this one came from.
    fn restore(&self) -> FixedCertificates {
        FixedCertificates {
            source: Some(CertificateSource::AlbConfig),
            ids: self.ids.iter().map(|id| CertificateId::store(id)).collect(),
            default: self.default.as_deref().map(CertificateId::store),
        }
    }
}
