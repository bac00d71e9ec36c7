//! What became of one object.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::{Dialect, ObjectRef, Origin};

/// Accepted, accepted with warnings, or rejected, with a reason; about one object, never about
/// the whole load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    pub object: ObjectRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    pub state: State,
    pub reason: Reason,
    /// One line that names the field and the cure.
    pub message: String,
    /// Path of the field at fault: `spec.tls[0].secretName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub origin: Option<Origin>,
}

fn as_text<S: Serializer>(origin: &Option<Origin>, serializer: S) -> Result<S::Ok, S::Error> {
    match origin {
        Some(origin) => serializer.collect_str(origin),
        None => serializer.serialize_none(),
    }
}

impl Verdict {
    pub fn accepted(object: ObjectRef) -> Self {
        Self::new(
            object,
            State::Accepted,
            Reason::SuccessfullyReconciled,
            "Successfully reconciled",
        )
    }

    pub fn warning(object: ObjectRef, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(object, State::Warning, reason, message)
    }

    pub fn rejected(object: ObjectRef, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(object, State::Rejected, reason, message)
    }

    fn new(object: ObjectRef, state: State, reason: Reason, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { object, dialect: None, state, reason, message, field: None, origin: None }
    }

    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    #[must_use]
    pub fn in_dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    #[must_use]
    pub fn from_origin(mut self, origin: Option<Origin>) -> Self {
        self.origin = origin;
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
pub enum State {
    Accepted,
    Warning,
    Rejected,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Why. A small closed set: it is the event reason and the metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
pub enum Reason {
    SuccessfullyReconciled,
    /// A file is not YAML or JSON, or cannot be read.
    InvalidFile,
    /// A document has no apiVersion/kind/name, or of a kind that Doorward does not read.
    UnknownKind,
    /// The API server does not let Doorward read something.
    AccessDenied,
    /// Two documents define one object; the first stands.
    DuplicateObject,
    /// A field has the wrong type or a value outside its range.
    InvalidField,
    /// An annotation value cannot be used.
    InvalidAnnotation,
    /// Known, but not honoured here.
    NotHonoured,
    /// Under a known prefix, but no key that exists.
    UnknownKey,
    ClassNotFound,
    ConfigNotFound,
    ListenerNotFound,
    ListenerConflict,
    /// Two load balancers want one address and port.
    PortConflict,
    ServiceNotFound,
    SecretNotFound,
    SecretInvalid,
    /// An id that the store does not hold.
    CertificateNotFound,
    CertificateExpired,
    CertificateExpiring,
    CertificateNotYetValid,
    /// A host is served with a certificate that does not carry its name.
    HostNotCovered,
    CertificatePending,
    IssuerNotFound,
    /// The Issuer does not let this namespace have this name.
    NameNotAllowed,
    /// An issuer was asked, and there is no certificate yet.
    OrderFailed,
    /// A listener of an AWS load balancer does not carry what it should.
    AttachmentFailed,
    /// Machines, files and processes of the cluster's own PKI do not go together.
    PkiInconsistent,
    DefaultKept,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
