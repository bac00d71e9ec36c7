//! What a file held before, so that what did not change is neither parsed nor replaced.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use model::Origin;

use super::{
    file::{DocumentState, FileState},
    object::Item,
};
use crate::read::AnyObject;

/// The earlier documents by their text and line and by their text alone, and objects by their
/// value. Of equal ones the first counts, as it does in the World.
#[derive(Default)]
pub(crate) struct Known<'a> {
    in_place: HashMap<(u64, u32), &'a DocumentState, FixedState>,
    documents: HashMap<u64, &'a DocumentState, FixedState>,
    objects: HashMap<u64, &'a AnyObject, FixedState>,
}

impl<'a> Known<'a> {
    pub(crate) fn of(file: &'a FileState) -> Self {
        let mut known = Self::default();
        for document in &file.documents {
            known.in_place.insert((document.hash, document.origin.line), document);
            known.documents.entry(document.hash).or_insert(document);
            for item in &document.items {
                if let Item::Object { object, digest } = item {
                    known.objects.entry(*digest).or_insert(object);
                }
            }
        }
        known
    }

    /// The earlier document of the same text. One that moved gives its objects their new line;
    /// verdicts name lines in their text, so a document with any is read again.
    pub(crate) fn document(&self, hash: u64, origin: &Origin) -> Option<DocumentState> {
        if let Some(known) = self.in_place.get(&(hash, origin.line)) {
            return Some(DocumentState::clone(known));
        }
        let known = self.documents.get(&hash)?;
        let moved = known.items.iter().map(|item| match item {
            Item::Object { object, digest } => {
                Some(Item::Object { object: object.at(origin), digest: *digest })
            }
            Item::Fault(_) => None,
        });
        let items = moved.collect::<Option<_>>()?;
        Some(DocumentState { hash, origin: origin.clone(), items })
    }

    /// The earlier object in place of a newly read one that is equal.
    pub(crate) fn item(&self, item: Item) -> Item {
        let Item::Object { object, digest } = &item else { return item };
        match self.objects.get(digest) {
            Some(known) if known.kind() == object.kind() && known.key() == object.key() => {
                let origin = object.origin();
                Item::Object {
                    object: origin.map_or(object.clone(), |o| known.at(o)),
                    digest: *digest,
                }
            }
            _ => item,
        }
    }
}
