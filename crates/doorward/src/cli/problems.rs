//! What is wrong with manifests, a line each, for `check` and `plan`.

use model::{Reason, State, Verdict};

use crate::view::VerdictView;

/// Whether anything is to be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Findings {
    None,
    Some,
}

impl Findings {
    pub fn when(is_any: bool) -> Self {
        if is_any { Self::Some } else { Self::None }
    }
}

/// The verdicts that manifests alone account for: a certificate that `run` would have issued in a
/// moment is no problem of theirs.
pub fn of_manifests(mut verdicts: Vec<Verdict>) -> Vec<Verdict> {
    verdicts.retain(|verdict| verdict.reason != Reason::CertificatePending);
    verdicts
}

/// Those that are not accepted.
pub fn among(verdicts: &[VerdictView]) -> Vec<&VerdictView> {
    let accepted = State::Accepted.to_string();
    verdicts.iter().filter(|verdict| verdict.state != accepted).collect()
}

/// `FILE:LINE: rejected: Ingress shop/web, spec.tls[0].secretName: message (SecretNotFound)`, as
/// compilers write, so that editors can jump there.
pub fn line(problem: &VerdictView) -> String {
    let mut parts: Vec<&str> = Vec::new();
    parts.extend(problem.origin.as_deref());
    let state = problem.state.to_lowercase();
    parts.push(&state);
    let place = match &problem.field {
        Some(field) => format!("{}, {field}", problem.object),
        None => problem.object.clone(),
    };
    // A file as a whole is named by its origin already.
    if problem.origin.is_none() || !problem.object.starts_with("File ") {
        parts.push(&place);
    }
    format!("{}: {} ({})\n", parts.join(": "), problem.message, problem.reason)
}

/// The last line.
pub fn count(problems: usize) -> String {
    match problems {
        0 => "no problems\n".to_owned(),
        1 => "1 problem\n".to_owned(),
        many => format!("{many} problems\n"),
    }
}
