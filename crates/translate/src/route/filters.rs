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
        let path = Some(target.clone());
        filters.push(Filter::Rewrite(Rewrite { path, ..Rewrite::default() }));
    }
    for filter in &mut filters {
        if let (Filter::Rewrite(rewrite), Some(regex @ PathMatch::Regex(_))) = (filter, path) {
            rewrite.groups_of = Some(regex.clone());
        }
    }
    filters
}
