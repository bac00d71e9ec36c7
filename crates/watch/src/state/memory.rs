//! What the translation must remember across a restart: sticky Defaults, last good certificate
//! lists, and the certificates that are served although their object is bad or gone.

use std::{collections::BTreeMap, fs, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::{Certificate, CertificateId, CertificateSource, ListenerKey};
use serde::{Deserialize, Serialize};
use translate::{Memory, claim::FixedCertificates};
use zeroize::Zeroizing;

use super::{NewSecret, StateError, StateFolder, read_if_there, set_aside, write};

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Saved {
    /// Listener to certificate id.
    defaults: BTreeMap<String, String>,
    /// Certificate id to the file, below `held-over/`, that holds it.
    held_over: BTreeMap<String, String>,
    /// Listener to the certificates that its object named when it was last in order.
    lists: BTreeMap<String, SavedList>,
}

#[derive(Deserialize, Serialize)]
struct SavedList {
    ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<String>,
}

/// A Secret's two fields; base64 as in Kubernetes.
#[derive(Deserialize)]
struct HeldOver {
    data: BTreeMap<String, String>,
}

impl HeldOver {
    /// One field's bytes, wiped when dropped: one of the two is a key.
    fn field(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let text = self.data.get(name).map_or("", String::as_str);
        STANDARD.decode(text).map(Zeroizing::new).map_err(|error| format!("not base64: {error}"))
    }
}

impl StateFolder {
    /// What was saved. Whatever cannot be read is put aside with a log line: it is lost, and
    /// everything else goes on.
    pub fn load_memory(&self) -> Result<Memory, StateError> {
        let path = self.root.join("memory.yaml");
        let Some(text) = read_if_there(&path)? else { return Ok(Memory::default()) };
        let saved: Saved = match serde_saphyr::from_str(&text) {
            Ok(saved) => saved,
            Err(error) => {
                set_aside(&path, &error);
                return Ok(Memory::default());
            }
        };
        let mut memory = Memory::default();
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
        for (id, file) in &saved.held_over {
            if let Some(certificate) = self.load_held_over(file) {
                memory.bound.insert(CertificateId::store(id), certificate.clone());
                memory.held_over.insert(CertificateId::store(id), certificate);
            }
        }
        Ok(memory)
    }

    fn load_held_over(&self, file: &str) -> Option<Arc<Certificate>> {
        let path = self.root.join("held-over").join(file);
        let read = || -> Result<Certificate, String> {
            let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
            let secret: HeldOver =
                serde_saphyr::from_str(&text).map_err(|error| error.to_string())?;
            x509::read_pair(&secret.field("tls.crt")?, &secret.field("tls.key")?)
                .map_err(|problem| problem.to_string())
        };
        match read() {
            Ok(certificate) => Some(Arc::new(certificate)),
            Err(why) => {
                set_aside(&path, &why);
                None
            }
        }
    }

    /// Saves what a restart needs. Certificates go first, then the file that names them, and only
    /// then what is no longer named is removed: at every moment the named ones are there.
    pub fn save_memory(&self, memory: &Memory) -> Result<(), StateError> {
        let folder = self.root.join("held-over");
        let mut saved = Saved::default();
        for (listener, id) in &memory.defaults {
            saved.defaults.insert(listener.to_string(), id.to_string());
        }
        for (listener, list) in &memory.lists {
            saved.lists.insert(listener.to_string(), SavedList::of(list));
        }
        for (id, certificate) in &memory.held_over {
            let name = certificate.fingerprint.to_string().replace("sha256:", "");
            let file = format!("{name}.yaml");
            let path = folder.join(&file);
            if !path.exists() {
                let secret = NewSecret {
                    namespace: "held-over",
                    name: &name,
                    labels: BTreeMap::new(),
                    certificate_pem: &x509::chain_pem(certificate),
                    key_pem: &x509::key_pem(certificate),
                };
                write(&path, secret.to_yaml().as_bytes(), 0o600)?;
            }
            saved.held_over.insert(id.to_string(), file);
        }
        // Texts in maps: there is nothing that the serialiser could refuse.
        let text = serde_saphyr::to_string(&saved).expect("memory is plain YAML");
        write(&self.root.join("memory.yaml"), text.as_bytes(), 0o600)?;

        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let named = saved.held_over.values().any(|file| name == *file.as_str());
            if !named && name.to_string_lossy().ends_with(".yaml") {
                // Left behind it costs a little room and nothing else.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
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
