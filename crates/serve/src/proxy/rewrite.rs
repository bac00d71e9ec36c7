//! The filter `Rewrite`: another host, path or query for the backend.

use http::{HeaderMap, HeaderValue, Uri, header, uri::PathAndQuery};
use model::{PathMatch, Rewrite};

use super::{
    path_change::changed,
    reason::Reason,
    template::{Variables, expand},
};

/// Changes the target and the Host header as `rewrite` says. `uri` is in origin form.
pub fn apply(
    rewrite: &Rewrite,
    variables: &Variables<'_>,
    uri: &mut Uri,
    headers: &mut HeaderMap,
) -> Result<(), Reason> {
    if let Some(host) = &rewrite.host {
        let host =
            HeaderValue::try_from(expand(host, variables, None)).map_err(|_| Reason::BadRewrite)?;
        headers.insert(header::HOST, host);
    }
    if rewrite.path.is_some() || rewrite.query.is_some() || rewrite.change.is_some() {
        *uri = target(rewrite, variables, uri).ok_or(Reason::BadRewrite)?;
    }
    Ok(())
}

fn target(rewrite: &Rewrite, variables: &Variables<'_>, uri: &Uri) -> Option<Uri> {
    let mut target = match (&rewrite.change, &rewrite.path) {
        (Some(change), _) => changed(change, uri.path()).into_owned(),
        (None, Some(path)) => rewritten_path(rewrite, path, variables, uri),
        (None, None) => uri.path().to_owned(),
    };
    if !target.starts_with('/') {
        target.insert(0, '/');
    }
    let query = match &rewrite.query {
        Some(query) => expand(query, variables, None),
        None => uri.query().unwrap_or_default().to_owned(),
    };
    if !query.is_empty() {
        // A template may have a query of its own in the path, as in nginx: both are kept.
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(&query);
    }
    PathAndQuery::try_from(target).ok().map(Uri::from)
}

fn rewritten_path(
    rewrite: &Rewrite,
    template: &str,
    variables: &Variables<'_>,
    uri: &Uri,
) -> String {
    let groups = match &rewrite.groups_of {
        Some(PathMatch::Regex(regex)) => regex.captures(uri.path()),
        _ => None,
    };
    expand(template, variables, groups.as_ref())
}

#[cfg(test)]
mod tests;
