//! From an Ingress path to what it matches.

use std::sync::Arc;

use model::{Dialect, PathMatch, TextPattern};
use regex::{Regex, RegexBuilder};

/// Why a path cannot be used; the first words are the vendor's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    #[error(
        "exact path shouldn't contain wildcards: {0}: use pathType ImplementationSpecific for '*' and '?'"
    )]
    WildcardInExact(String),
    #[error(
        "prefix path shouldn't contain wildcards: {0}: use pathType ImplementationSpecific for '*' and '?'"
    )]
    WildcardInPrefix(String),
    #[error("unsupported pathType: {0}: use Exact, Prefix or ImplementationSpecific")]
    UnknownType(String),
    #[error("path {0:?} does not begin with '/': write it from the root")]
    NotAbsolute(String),
    #[error("path {path:?} is no regular expression: {reason}")]
    BadRegex { path: String, reason: String },
}

/// `regex`: the Ingress has `use-regex: "true"` or a `rewrite-target`. `Ok(None)` matches any path.
pub(crate) fn path_match(
    path: &str,
    path_type: &str,
    regex: bool,
    dialect: Dialect,
) -> Result<Option<PathMatch>, PathError> {
    let wildcards = path.contains(['*', '?']);
    let absolute = || match path.starts_with('/') {
        true => Ok(path),
        false => Err(PathError::NotAbsolute(path.to_owned())),
    };
    match path_type {
        "Exact" | "Prefix" | "ImplementationSpecific" if path.is_empty() => Ok(None),
        "Exact" if wildcards => Err(PathError::WildcardInExact(path.to_owned())),
        "Exact" => Ok(Some(PathMatch::Exact(absolute()?.into()))),
        "Prefix" if path == "/" => Ok(Some(prefix("/"))),
        "Prefix" if regex => Ok(Some(regex_match(absolute()?, true)?)),
        "Prefix" if wildcards => Err(PathError::WildcardInPrefix(path.to_owned())),
        "Prefix" => Ok(Some(prefix(absolute()?))),
        // Here Kubernetes leaves the meaning to the class. ALB takes the path as a pattern without
        // any prefix meaning, ELB as how the path begins (STARTS_WITH); everybody else's users
        // expect a prefix.
        "ImplementationSpecific" if dialect == Dialect::Aws && regex => {
            Ok(Some(regex_match(absolute()?, false)?))
        }
        "ImplementationSpecific" if dialect != Dialect::Alb && regex => {
            Ok(Some(regex_match(path, true)?))
        }
        "ImplementationSpecific" if dialect == Dialect::Elb => match absolute()? {
            "/" => Ok(Some(prefix("/"))),
            path => Ok(Some(PathMatch::Pattern(TextPattern::new(&format!("{path}*"))))),
        },
        "ImplementationSpecific" if dialect == Dialect::Ingress && !wildcards => {
            Ok(Some(prefix(absolute()?)))
        }
        "ImplementationSpecific" => pattern_match(path).map(Some),
        other => Err(PathError::UnknownType(other.to_owned())),
    }
}

/// ALB's own language for paths: `~*` begins a regular expression without regard to case, `~` one
/// with; else `*` and `?` are wildcards.
pub(crate) fn pattern_match(path: &str) -> Result<PathMatch, PathError> {
    if let Some(regex) = path.strip_prefix("~*") {
        return regex_match(regex, true);
    }
    if let Some(regex) = path.strip_prefix('~') {
        return regex_match(regex, false);
    }
    Ok(match path {
        "/*" => prefix("/"),
        path if path.contains(['*', '?']) => PathMatch::Pattern(TextPattern::new(path)),
        path => PathMatch::Exact(path.into()),
    })
}

fn prefix(path: &str) -> PathMatch {
    PathMatch::Prefix(path.strip_suffix('/').unwrap_or(path).into())
}

/// An expression that begins with `/` is matched from the path's start.
fn regex_match(path: &str, ignore_case: bool) -> Result<PathMatch, PathError> {
    let anchored = if path.starts_with('/') { format!("^(?:{path})") } else { path.to_owned() };
    RegexBuilder::new(&anchored)
        .case_insensitive(ignore_case)
        .build()
        .map(|regex: Regex| PathMatch::Regex(Arc::new(regex)))
        .map_err(|error| PathError::BadRegex {
            path: path.to_owned(),
            reason: last_line(&error.to_string()),
        })
}

/// The crate draws the expression over several lines; what is wrong stands in the last one.
fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
