//! What a rule changes on the way, in the order in which it works.

use model::{Direction, Filter, PathMatch, Rewrite};

use super::{actions::Actions, options::Options};

/// Limit, CORS, the edits of the Service's actions, then the rewrite of the whole Ingress.
pub(super) fn filters(
    options: &Options,
    actions: Actions,
    path: &Option<PathMatch>,
    direction: Direction,
) -> Vec<Filter> {
    if direction == Direction::Response {
        return actions.filters;
    }
    let mut filters = Vec::new();
    filters.extend(options.limit.or(actions.limit).map(Filter::Limit));
    filters.extend(options.cors.clone().map(Filter::Cors));
    filters.extend(actions.filters);
    if let Some(target) = &options.rewrite_target {
        let path = Some(without_braces(target));
        filters.push(Filter::Rewrite(Rewrite { path, ..Rewrite::default() }));
    }
    for filter in &mut filters {
        if let (Filter::Rewrite(rewrite), Some(regex @ PathMatch::Regex(_))) = (filter, path) {
            rewrite.groups_of = Some(regex.clone());
        }
    }
    filters
}

/// `${1}` means the same as `$1`, which is what the gateway fills in.
pub(super) fn without_braces(target: &str) -> Box<str> {
    let mut text = String::with_capacity(target.len());
    let mut rest = target;
    while let Some(start) = rest.find("${") {
        let digits = rest[start + 2..].bytes().take_while(u8::is_ascii_digit).count();
        let end = start + 2 + digits;
        text.push_str(&rest[..start]);
        if digits > 0 && rest[end..].starts_with('}') {
            text.push('$');
            text.push_str(&rest[start + 2..end]);
            rest = &rest[end + 1..];
        } else {
            text.push_str("${");
            rest = &rest[start + 2..];
        }
    }
    text.push_str(rest);
    text.into()
}
