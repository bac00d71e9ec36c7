//! Where orders and budgets are kept between two actions, so that a process that is killed finds
//! them again.

use std::{collections::BTreeMap, fmt, sync::Mutex};

use serde::{Deserialize, Serialize};
use tracing::warn;
use zeroize::Zeroizing;

use crate::{
    Entry, Future, StoreError,
    budget::{Bucket, Budgets, Key},
};

/// Pages by name. Only the one keeper that acts may write: on Kubernetes, the leader's.
pub trait OrderBook: Send + Sync {
    fn load(&self) -> Future<'_, Result<Vec<Page>, StoreError>>;

    /// Writes or replaces the page, in one step. Returns once it outlives the process.
    fn save<'a>(&'a self, page: &'a Page) -> Future<'a, Result<(), StoreError>>;

    /// A page that is not there is no error.
    fn remove<'a>(&'a self, name: &'a str) -> Future<'a, Result<(), StoreError>>;
}

/// One text. It may hold an account's or a future certificate's key: readable by Doorward alone.
#[derive(Clone, PartialEq)]
pub struct Page {
    /// Letters, digits, `-`, `_` and `.`, up to 200 of them.
    pub name: String,
    pub text: Zeroizing<String>,
}

/// Shows no content.
impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("name", &self.name).finish_non_exhaustive()
    }
}

const BUDGETS: &str = "budgets";

#[derive(Deserialize, Serialize)]
struct Line {
    #[serde(flatten)]
    key: Key,
    #[serde(flatten)]
    bucket: Bucket,
}

impl Budgets {
    pub(crate) fn to_page(&self) -> Page {
        let lines: Vec<Line> =
            self.to_kept().into_iter().map(|(key, bucket)| Line { key, bucket }).collect();
        let text = serde_json::to_string(&lines).expect("budgets are plain JSON");
        Page { name: BUDGETS.to_owned(), text: Zeroizing::new(text) }
    }

    /// `None`: the page is something else.
    pub(crate) fn from_page(page: &Page) -> Option<Result<Self, serde_json::Error>> {
        let read = || {
            let lines: Vec<Line> = serde_json::from_str(&page.text)?;
            Ok(Self::from_kept(lines.into_iter().map(|line| (line.key, line.bucket)).collect()))
        };
        (page.name == BUDGETS).then(read)
    }
}

/// The orders and the budgets of a book. A page that cannot be read is lost, with a log line; all
/// others count.
pub fn read_pages(pages: &[Page]) -> (Vec<Entry>, Budgets) {
    let (mut entries, mut budgets) = (Vec::new(), Budgets::default());
    for page in pages {
        let read = match (Entry::from_page(page), Budgets::from_page(page)) {
            (Some(entry), _) => entry.map(|entry| entries.push(entry)),
            (None, Some(kept)) => kept.map(|kept| budgets = kept),
            (None, None) => continue,
        };
        if let Err(error) = read {
            // serde's text may quote what it stumbled over.
            warn!(
                page = page.name,
                line = error.line(),
                column = error.column(),
                "a page of the order book cannot be read; that order begins anew"
            );
        }
    }
    (entries, budgets)
}

/// A book that is lost with the process, for tests and for issuers that leave no traces.
#[derive(Debug, Default)]
pub struct Slate(Mutex<BTreeMap<String, Zeroizing<String>>>);

impl Slate {
    pub fn pages(&self) -> BTreeMap<String, Zeroizing<String>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl OrderBook for Slate {
    fn load(&self) -> Future<'_, Result<Vec<Page>, StoreError>> {
        Box::pin(async {
            Ok(self.pages().into_iter().map(|(name, text)| Page { name, text }).collect())
        })
    }

    fn save<'a>(&'a self, page: &'a Page) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async {
            let mut pages = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            pages.insert(page.name.clone(), page.text.clone());
            Ok(())
        })
    }

    fn remove<'a>(&'a self, name: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(name);
            Ok(())
        })
    }
}
