//! Lines of kubeconfigs and of static pods' manifests. A value is shown only where its key is
//! known to hold no secret; a flag's, unless its name speaks of one.

use super::{Line, blocks};
use crate::kubeconfig;

/// Of kubeconfigs (client-go, `clientcmd/api/v1`) and of pods.
const OPEN: [&str; 27] = [
    "apiVersion",
    "kind",
    "name",
    "namespace",
    "cluster",
    "user",
    "current-context",
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority",
    "client-certificate",
    "client-key",
    "image",
    "imagePullPolicy",
    "path",
    "mountPath",
    "readOnly",
    "type",
    "host",
    "port",
    "scheme",
    "hostNetwork",
    "priorityClassName",
    "component",
    "tier",
    "cpu",
];
const SECRETIVE: [&str; 5] = ["password", "token", "secret", "credential", "passphrase"];
const HIDDEN: &str = "…";

pub(super) fn is_one(text: &str) -> bool {
    kubeconfig::is_one(text.as_bytes())
        || text.lines().any(|line| line.starts_with("apiVersion:") || line.starts_with("kind:"))
}

pub(super) fn lines(text: &str) -> Vec<Line> {
    text.lines().map(|line| Line::new(line.as_bytes(), shown(line))).collect()
}

fn shown(line: &str) -> String {
    let content = line.trim_start_matches([' ', '-']);
    let indent = &line[..line.len() - content.len()];
    if let Some(flag) = line.trim().strip_prefix("- --") {
        return format!("{indent}{}", shown_flag(flag));
    }
    if let [field] = kubeconfig::fields(line.as_bytes()).as_slice() {
        let held = field.decoded.as_deref().map(blocks).unwrap_or_default();
        let held: Vec<_> = held.into_iter().map(|line| line.shown).collect();
        let held = if held.is_empty() { HIDDEN.to_owned() } else { held.join("; ") };
        return format!("{indent}{}: {held}", field.name);
    }
    match content.split_once(':') {
        Some((key, "")) if is_plain(key) => format!("{indent}{key}:"),
        Some((key, value)) if OPEN.contains(&key) && is_plain(value.trim()) => {
            format!("{indent}{key}:{value}")
        }
        Some((key, _)) if is_plain(key) => format!("{indent}{key}: {HIDDEN}"),
        _ if content.is_empty() => indent.to_owned(),
        _ => format!("{indent}{HIDDEN}"),
    }
}

fn shown_flag(flag: &str) -> String {
    let Some((name, value)) = flag.split_once('=') else { return HIDDEN.to_owned() };
    let speaks_of_secrets = SECRETIVE.iter().any(|word| name.contains(word));
    let is_open = is_plain(value) && (value.starts_with('/') || !speaks_of_secrets);
    match is_open && is_plain(name) {
        true => format!("{name}={value}"),
        false if is_plain(name) => format!("{name}={HIDDEN}"),
        false => HIDDEN.to_owned(),
    }
}

/// A word of a cluster: a name, a number, a path, an address without somebody's password in it.
fn is_plain(word: &str) -> bool {
    let word = word.trim_matches(['"', '\'']);
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,@*[]".contains(&byte);
    word.len() <= 200 && word.bytes().all(is_usual) && !(word.contains("://") && word.contains('@'))
}
