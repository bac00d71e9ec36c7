//! The inventory as it is written, and what becomes of it: overrides laid over each other,
//! defaults filled in, and everything refused that could only fail later.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{Host, HostName, Inventory, Layout, Override, Role, SshSettings, socket_of};
use crate::Program;

const API_VERSION: &str = "doorward.dev/v1alpha1";
const KIND: &str = "ClusterInventory";
const STATE_DIR: &str = "/var/lib/pki";

/// What an inventory's relative paths and `~` mean.
#[derive(Clone, Debug, Default)]
pub struct Base {
    /// As errors name it.
    pub file: PathBuf,
    pub home: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// Not YAML, or not of this form.
    #[error("{place}: {what}")]
    Form { place: String, what: String },
    /// A field that cannot be meant.
    #[error("{file}: {field}: {what}")]
    Field { file: String, field: String, what: String },
}

/// Read first: a file of another kind is told as such, not by its first strange key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    // These two are `Head`'s to look at.
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default)]
    metadata: Metadata,
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    #[serde(default)]
    ssh: Ssh,
    hosts: Vec<WrittenHost>,
    #[serde(default)]
    layout: Layout,
    state_dir: Option<PathBuf>,
    #[serde(default)]
    components: BTreeMap<Program, Override>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Ssh {
    user: Option<String>,
    port: Option<u16>,
    config: Option<PathBuf>,
    identity_file: Option<PathBuf>,
    options: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenHost {
    name: String,
    address: Option<String>,
    port: Option<u16>,
    roles: Option<BTreeSet<Role>>,
    state_dir: Option<PathBuf>,
    #[serde(default)]
    components: BTreeMap<Program, Override>,
}

impl Inventory {
    /// Reads the text of an inventory. Paths of the operator's machine begin at the file's folder.
    pub fn parse(text: &str, base: &Base) -> Result<Self, InventoryError> {
        let refuse = |field: &str, what: String| InventoryError::Field {
            file: base.file.display().to_string(),
            field: field.to_owned(),
            what,
        };
        if text.trim().is_empty() {
            return Err(refuse("kind", format!("the file is empty; an inventory has {KIND}")));
        }
        let head: Head = serde_saphyr::from_str(text).map_err(|error| explain(&error, base))?;
        for (field, found, wanted) in
            [("apiVersion", &head.api_version, API_VERSION), ("kind", &head.kind, KIND)]
        {
            if found != wanted {
                return Err(refuse(field, format!("this is {found:?}; an inventory has {wanted}")));
            }
        }
        let written: Written =
            serde_saphyr::from_str(text).map_err(|error| explain(&error, base))?;
        let spec = written.spec;
        let ssh = spec.ssh.settle(base).map_err(|what| refuse("spec.ssh", what))?;
        check_overrides(&spec.components).map_err(|what| refuse("spec.components", what))?;
        if spec.hosts.is_empty() {
            return Err(refuse("spec.hosts", "name at least one host".into()));
        }
        let shared = shared_machines(&spec.hosts);
        let mut hosts = Vec::<Host>::new();
        for (index, host) in spec.hosts.into_iter().enumerate() {
            let field = format!("spec.hosts[{index}]");
            let host = host
                .settle(spec.state_dir.as_deref(), &spec.components, &shared)
                .map_err(|what| refuse(&field, what))?;
            if let Some(other) = hosts.iter().find(|other| collide(other, &host)) {
                let what = format!(
                    "{} has the name or the machine and stateDir of {}: give each its own",
                    host.name, other.name
                );
                return Err(refuse(&field, what));
            }
            hosts.push(host);
        }
        let name = written.metadata.name.unwrap_or_else(|| "cluster".into());
        Ok(Self { name, ssh, layout: spec.layout, hosts })
    }
}

impl Ssh {
    fn settle(self, base: &Base) -> Result<SshSettings, String> {
        let folder = base.file.parent().unwrap_or(Path::new(""));
        // ssh takes `~` from its own files alone; on the command line the shell does it.
        let local = |path: PathBuf| match (path.strip_prefix("~"), &base.home) {
            (Ok(rest), Some(home)) => Ok(home.join(rest)),
            (Ok(_), None) => {
                Err(format!("{}: HOME is not set, so write the whole path", path.display()))
            }
            (Err(_), _) => Ok(folder.join(path)),
        };
        if let Some(user) = &self.user {
            check_word("user", user)?;
        }
        if let Some(option) = self.options.iter().find(|option| !option.contains('=')) {
            return Err(format!("options: write Name=value, as for `ssh -o`, not {option:?}"));
        }
        Ok(SshSettings {
            user: self.user,
            port: self.port,
            config: self.config.map(local).transpose()?,
            identity_file: self.identity_file.map(local).transpose()?,
            options: self.options,
        })
    }
}

impl WrittenHost {
    /// Where ssh goes: two hosts with the same are members on one machine.
    fn machine(&self) -> (String, Option<u16>) {
        (self.address.clone().unwrap_or_else(|| self.name.clone()), self.port)
    }

    fn settle(
        self,
        state_dir: Option<&Path>,
        common: &BTreeMap<Program, Override>,
        shared: &BTreeSet<(String, Option<u16>)>,
    ) -> Result<Host, String> {
        check_name(&self.name)?;
        let (address, port) = self.machine();
        check_word("address", &address)?;
        let is_shared = shared.contains(&(address.clone(), port));
        let state_dir = self.state_dir.unwrap_or_else(|| {
            let common = state_dir.unwrap_or(Path::new(STATE_DIR));
            if is_shared { common.join(&self.name) } else { common.to_owned() }
        });
        if !state_dir.is_absolute() {
            return Err(format!("stateDir: {} is no absolute path", state_dir.display()));
        }
        let roles = self.roles.unwrap_or_else(|| [Role::Etcd, Role::ControlPlane].into());
        if roles.is_empty() {
            return Err("roles: etcd, control-plane or both; left out, both".into());
        }
        let mut overrides = common.clone();
        for (program, own) in self.components {
            let entry = overrides.entry(program).or_default();
            *entry = own.over(std::mem::take(entry));
        }
        check_overrides(&overrides)?;
        Ok(Host { name: HostName(self.name), address, port, roles, state_dir, overrides })
    }
}

impl Override {
    /// What this one says, and what it leaves open from `below`.
    fn over(self, below: Self) -> Self {
        let mut files = below.files;
        files.extend(self.files);
        Self {
            cert_dir: self.cert_dir.or(below.cert_dir),
            files,
            stop: self.stop.or(below.stop),
            start: self.start.or(below.start),
            is_running: self.is_running.or(below.is_running),
            endpoint: self.endpoint.or(below.endpoint),
            peer_endpoint: self.peer_endpoint.or(below.peer_endpoint),
        }
    }
}

/// Machines that several hosts of the inventory are on.
fn shared_machines(hosts: &[WrittenHost]) -> BTreeSet<(String, Option<u16>)> {
    let mut seen = BTreeSet::new();
    hosts.iter().map(WrittenHost::machine).filter(|machine| !seen.insert(machine.clone())).collect()
}

fn collide(one: &Host, other: &Host) -> bool {
    one.name == other.name
        || (&one.address, one.port, &one.state_dir)
            == (&other.address, other.port, &other.state_dir)
}

fn check_overrides(all: &BTreeMap<Program, Override>) -> Result<(), String> {
    for (program, said) in all {
        let commands = [&said.stop, &said.start, &said.is_running];
        if commands.iter().any(|command| command.is_some())
            && commands.iter().any(|command| command.is_none())
        {
            return Err(format!("{program}: stop, start and isRunning go together"));
        }
        for (key, url) in [("endpoint", &said.endpoint), ("peerEndpoint", &said.peer_endpoint)] {
            if let Some(url) = url.as_ref().filter(|url| socket_of(url).is_none()) {
                return Err(format!(
                    "{program}: {key}: write https://IP:PORT, for example https://10.0.0.1:2379, not {url:?}"
                ));
            }
        }
        for path in said.cert_dir.iter().chain(said.files.values()) {
            if !path.is_absolute() {
                return Err(format!("{program}: {} is no absolute path", path.display()));
            }
        }
    }
    Ok(())
}

/// Names become folders, so they are as plain as host names.
fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(format!(
        "name: {name:?}: letters, digits, '-', '.' and '_', beginning with a letter or digit"
    ))
}

/// What stands on ssh's command line must not look like one of its options.
fn check_word(field: &str, word: &str) -> Result<(), String> {
    let is_bad = word.is_empty()
        || word.starts_with('-')
        || word.contains(|c: char| c.is_whitespace() || c.is_control());
    if is_bad { Err(format!("{field}: {word:?} cannot be given to ssh")) } else { Ok(()) }
}

/// One line: file, line, column, what is wrong, and the nearest known key.
fn explain(error: &serde_saphyr::Error, base: &Base) -> InventoryError {
    use serde_saphyr::Error;
    let error = error.without_snippet();
    let file = base.file.display();
    let place = match error.location() {
        Some(at) => format!("{file}:{}:{}", at.line(), at.column()),
        None => file.to_string(),
    };
    let what = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            format!("unknown key {field:?}; known are {}", expected.join(", "))
        }
        Error::SerdeMissingField { field, .. } => format!("{field} is missing"),
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("{variant:?} is none of {}", expected.join(", "))
        }
        other => other.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    InventoryError::Form { place, what }
}

#[cfg(test)]
mod tests;
