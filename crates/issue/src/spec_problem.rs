//! What is wrong with the settings of an Issuer.

/// Where, and what to do. Holds nothing of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct SpecProblem {
    /// From the object's root: `spec.acme.solvers[0].dns01`.
    pub field: String,
    pub message: String,
}

impl SpecProblem {
    pub fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}
