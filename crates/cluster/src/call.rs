//! One request to the API server: bounded in time, and when it fails, told with the object, what
//! was tried, and the cure.

use std::{borrow::Cow, fmt, time::Duration};

use kube::Resource;

use crate::lease::{Term, WriteError};

/// An answer that takes longer is given up. Busy API servers answer within a few seconds; a
/// connection that died in silence never does.
pub const LIMIT: Duration = Duration::from_secs(10);

/// What is asked of the API server, in the words of RBAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Create,
    Delete,
    Get,
    List,
    Patch,
    Update,
    Watch,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Watch => "watch",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The object that a request is about: `Secret shop/tls-a`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    kind: Cow<'static, str>,
    group: Cow<'static, str>,
    plural: Cow<'static, str>,
    namespace: String,
    name: String,
}

impl Subject {
    pub fn of<K: Resource<DynamicType = ()>>(namespace: &str, name: &str) -> Self {
        Self {
            kind: K::kind(&()),
            group: K::group(&()),
            plural: K::plural(&()),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The rule that a Role must hold for `verb`.
    fn rule(&self, verb: Verb) -> String {
        let verbs = match verb {
            // The watcher needs all three.
            Verb::Watch => r#""get", "list", "watch""#.to_owned(),
            // Patches are server-side applies, which make what is not there.
            Verb::Patch => r#""create", "patch""#.to_owned(),
            verb => format!("{:?}", verb.as_str()),
        };
        format!(
            "{{apiGroups: [{:?}], resources: [{:?}], verbs: [{verbs}]}}",
            &*self.group, &*self.plural
        )
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// A request did not bring what it was sent for. Holds no content of any object.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("cannot {verb} {subject}: {}", reason(.source, *.verb, .subject))]
    Failed { verb: Verb, subject: Box<Subject>, source: kube::Error },
    #[error(
        "did not {verb} {subject}: this replica is not the leader any more, and the new one looks at it afresh"
    )]
    NotLeader { verb: Verb, subject: Box<Subject> },
    #[error(
        "gave up to {verb} {subject}: the lease ran out during the call; the new leader looks at it afresh"
    )]
    CutOff { verb: Verb, subject: Box<Subject> },
}

impl CallError {
    /// The object has changed since it was read (409).
    pub fn is_conflict(&self) -> bool {
        self.status().is_some_and(kube::core::Status::is_conflict)
    }

    /// Another one has created it before (409).
    pub fn is_already_exists(&self) -> bool {
        self.status().is_some_and(kube::core::Status::is_already_exists)
    }

    /// There is no such object (404).
    pub fn is_not_found(&self) -> bool {
        self.status().is_some_and(kube::core::Status::is_not_found)
    }

    fn status(&self) -> Option<&kube::core::Status> {
        match self {
            Self::Failed { source: kube::Error::Api(status), .. } => Some(status),
            _ => None,
        }
    }
}

/// In whose name something is written.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// The leader, within its term.
    Leader(&'a Term),
    /// An operator who asked this very replica.
    Operator,
}

/// Reads.
pub async fn read<T>(
    verb: Verb,
    subject: &Subject,
    request: impl Future<Output = kube::Result<T>>,
) -> Result<T, CallError> {
    bounded(LIMIT, request).await.map_err(|source| failed(verb, subject, source))
}

/// Writes.
pub async fn write<T>(
    by: By<'_>,
    verb: Verb,
    subject: &Subject,
    request: impl Future<Output = kube::Result<T>>,
) -> Result<T, CallError> {
    let request = bounded(LIMIT, request);
    let By::Leader(term) = by else {
        return request.await.map_err(|source| failed(verb, subject, source));
    };
    term.write(request).await.map_err(|error| match error {
        WriteError::Api(source) => failed(verb, subject, source),
        WriteError::NotLeader => CallError::NotLeader { verb, subject: Box::new(subject.clone()) },
        WriteError::CutOff => CallError::CutOff { verb, subject: Box::new(subject.clone()) },
    })
}

fn failed(verb: Verb, subject: &Subject, source: kube::Error) -> CallError {
    CallError::Failed { verb, subject: Box::new(subject.clone()), source }
}

/// Gives a request up after `limit`.
pub async fn bounded<T>(
    limit: Duration,
    request: impl Future<Output = kube::Result<T>>,
) -> kube::Result<T> {
    match tokio::time::timeout(limit, request).await {
        Ok(answer) => answer,
        Err(_) => Err(kube::Error::Service(Box::new(NoAnswer(limit)))),
    }
}

/// The leader's patience is whatever its term has left, so the text is rounded up: the log tells
/// only what differs.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} s", .0.as_secs() + u64::from(.0.subsec_nanos() > 0))]
struct NoAnswer(Duration);

/// What went wrong and what to do about it. kube's own texts show the whole answer, or repeat
/// themselves.
pub fn reason(error: &kube::Error, verb: Verb, subject: &Subject) -> String {
    match error {
        kube::Error::Api(status) => of_status(status, verb, subject),
        // Its text may quote the object.
        kube::Error::SerdeError(_) => format!(
            "the answer is not a {}; check that nothing stands between Doorward and the API server",
            subject.kind
        ),
        other => {
            let text = innermost(other);
            let cure = match text.contains("certificate not valid yet")
                || text.contains("certificate expired")
            {
                true => "check this machine's clock, and the certificate of the API server",
                false => "check that the API server can be reached",
            };
            format!("{text}; {cure}")
        }
    }
}

fn of_status(status: &kube::core::Status, verb: Verb, subject: &Subject) -> String {
    let Subject { kind, namespace, .. } = subject;
    let message = words_of(status);
    if is_refused_by_rbac(status) {
        let rule = subject.rule(verb);
        format!("forbidden; add the rule {rule} to Doorward's Role in namespace {namespace}")
    } else if status.code == 401 {
        format!("{message}; check the credentials that Doorward shows to the API server")
    } else if status.is_not_found() && message.starts_with("namespaces ") {
        format!("{message}; create namespace {namespace}")
    } else if status.is_invalid() && message.contains("immutable") {
        format!("{message}; delete this {kind}, and it is made anew")
    } else {
        message
    }
}

/// What the API server says, or, where it says nothing, what it answers.
pub fn words_of(status: &kube::core::Status) -> String {
    match status.message.as_str() {
        "" => format!("the API server answers {} {}", status.code, status.reason),
        text => text.to_owned(),
    }
}

/// Quotas, webhooks and namespaces that are being deleted answer 403 too; only RBAC names the user
/// and what it cannot do.
pub fn is_refused_by_rbac(status: &kube::core::Status) -> bool {
    status.is_forbidden() && status.message.contains(" is forbidden: User \"")
}

/// The first cause, which names the trouble; those around it say only that there is one.
pub fn innermost(error: &kube::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    without_times(&cause.to_string()).to_owned()
}

/// rustls ends some texts with the second of the handshake. The log tells only what differs, and
/// that differs always.
pub fn without_times(text: &str) -> &str {
    text.split_once(": verification time").map_or(text, |(told, _)| told)
}

#[cfg(test)]
mod tests;
