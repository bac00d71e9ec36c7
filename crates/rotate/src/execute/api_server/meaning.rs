//! What an API server's answers mean for a gate: whether it wrote, whether etcd or somebody else
//! kept it from that, and when nothing can be said.

use serde_json::{Value, json};

use crate::HostName;

const NAMESPACE: &str = "/api/v1/namespaces/kube-system";
const NAME: &str = "pki-probe";
/// Says of the object that a run made it, which is why a run may take it away.
const LABEL: &str = "app.kubernetes.io/managed-by";
const MAKER: &str = "doorward-pki";

/// What every cluster has.
pub(super) fn read_path() -> String {
    NAMESPACE.to_owned()
}

pub(super) fn objects_path() -> String {
    format!("{NAMESPACE}/configmaps")
}

pub(super) fn object_path() -> String {
    format!("{NAMESPACE}/configmaps/{NAME}")
}

/// Only a patch that changes something reaches etcd, so `written` is never the same twice.
pub(super) fn patch(written: &str) -> String {
    json!({"data": {"written": written}}).to_string()
}

pub(super) fn object(written: &str) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": "kube-system", "labels": {LABEL: MAKER}},
        "data": {"written": written},
    })
    .to_string()
}

/// Whether a run made the object; somebody else's of that name stays.
pub(super) fn is_ours(object: &str) -> bool {
    let object: Value = serde_json::from_str(object).unwrap_or_default();
    object["metadata"]["labels"][LABEL] == MAKER
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    /// It does not know whose certificate that is.
    Unknown,
    Missing,
    /// It knows, and says no; or somebody beside it does, who is asked about every object. That
    /// tells nothing of etcd.
    Refused(String),
    /// It could not.
    Failed(String),
}

pub(super) fn answer(status: u16, body: &str) -> Answer {
    let said = || format!("{status} {}", message(body));
    match status {
        200..300 => Answer::Done,
        401 => Answer::Unknown,
        404 => Answer::Missing,
        // Another write came first, or there is too much to do: next time.
        409 | 429 => Answer::Failed(said()),
        400..500 => Answer::Refused(said()),
        _ if message(body).contains("failed calling webhook") => Answer::Refused(said()),
        _ => Answer::Failed(said()),
    }
}

/// Health is told to strangers too, unless they are told nothing at all; servers before 1.16 do
/// not know these paths.
pub(super) fn health(status: u16, body: &str) -> Result<Told, String> {
    match answer(status, body) {
        Answer::Done | Answer::Missing => Ok(Told::Well),
        Answer::Unknown | Answer::Refused(_) => Ok(Told::Nothing),
        Answer::Failed(why) => Err(why),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Well,
    Nothing,
}

/// Somebody who could not both read and write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub caller: String,
    /// `None`: the server does not know who that is.
    pub why: Option<String>,
}

/// A note, or what is wrong, of all who were sent in turn. Somebody who is to be known by the
/// server's own file of authorities has to be; whoever is known may still lack rights, and then
/// nothing is proven.
pub(super) fn unproven(host: &HostName, refusals: &[Refusal]) -> Result<String, String> {
    let told = refusals.iter().find_map(|refusal| {
        refusal.why.as_ref().map(|why| format!("{} is told {why}", refusal.caller))
    });
    let why = match (told, refusals.first()) {
        (Some(told), _) => told,
        (None, Some(Refusal { caller, .. })) => {
            return Err(format!(
                "kube-apiserver does not know {caller} (401), whose issuer it is to trust"
            ));
        }
        (None, None) => "no certificate of a client was found that it trusts".to_owned(),
    };
    Ok(format!(
        "kube-apiserver on {host} was not seen to write: {why}. Only what it says of its own \
         health was asked."
    ))
}

/// Of a Status; of health the checks that fail; else the first line.
fn message(body: &str) -> String {
    let status: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(message) = status["message"].as_str() {
        return message.to_owned();
    }
    let failing: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("[-]")).collect();
    match failing.is_empty() {
        true => body.lines().next().unwrap_or_default().to_owned(),
        false => failing.join(", "),
    }
}

#[cfg(test)]
mod tests;
