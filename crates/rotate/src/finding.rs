//! What keeps a rotation from beginning.

use std::fmt;

use crate::HostName;

/// One reason against, with its cure. Nothing was changed when it is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// `None`: it is about the cluster.
    pub host: Option<HostName>,
    pub text: String,
}

impl Finding {
    pub fn at(host: &HostName, text: impl Into<String>) -> Self {
        Self { host: Some(host.clone()), text: text.into() }
    }

    pub fn everywhere(text: impl Into<String>) -> Self {
        Self { host: None, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "{host}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}
