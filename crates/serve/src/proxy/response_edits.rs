//! The filter `Response`: what a rule, and the destination chosen of it, edit of the answer.

use http::{HeaderMap, HeaderName, HeaderValue};
use model::{Filter, HeaderEdit};

use super::{
    filters::{Facts, value_of},
    hop_by_hop::is_about_connection,
};

/// Edits whose values are known, since they may come from the request, which is gone by the time
/// the answer is there. Costs nothing where no filter is of this kind.
#[derive(Debug, Default)]
pub struct ResponseEdits(Vec<Edit>);

#[derive(Debug)]
enum Edit {
    Set(HeaderName, HeaderValue),
    Append(HeaderName, HeaderValue),
    Remove(HeaderName),
}

impl ResponseEdits {
    /// Adds what these filters say, with what `request` and `facts` know.
    pub fn plan(&mut self, filters: &[Filter], request: &HeaderMap, facts: &Facts<'_>) {
        let edits = filters.iter().filter_map(|filter| match filter {
            Filter::Response(edit) => ready(edit, request, facts),
            _ => None,
        });
        self.0.extend(edits);
    }

    /// In the order in which they were planned.
    pub fn apply(self, headers: &mut HeaderMap) {
        for edit in self.0 {
            match edit {
                Edit::Set(name, value) => drop(headers.insert(name, value)),
                Edit::Append(name, value) => drop(headers.append(name, value)),
                Edit::Remove(name) => drop(headers.remove(name)),
            }
        }
    }
}

/// `None` for headers that frame the message, and for a value that is not there.
fn ready(edit: &HeaderEdit, request: &HeaderMap, facts: &Facts<'_>) -> Option<Edit> {
    let (HeaderEdit::Set { name, .. }
    | HeaderEdit::Append { name, .. }
    | HeaderEdit::Remove { name }) = edit;
    if is_about_connection(name) {
        return None;
    }
    Some(match edit {
        HeaderEdit::Set { value, .. } => Edit::Set(name.clone(), value_of(value, request, facts)?),
        HeaderEdit::Append { value, .. } => {
            Edit::Append(name.clone(), value_of(value, request, facts)?)
        }
        HeaderEdit::Remove { .. } => Edit::Remove(name.clone()),
    })
}
