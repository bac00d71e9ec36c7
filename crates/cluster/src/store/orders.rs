//! The book of orders: a Secret for each page, as a page may hold the key of a certificate that is
//! still to come. Written and read by the leader alone.

use issue::{Future, OrderBook, Page, StoreError};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use zeroize::Zeroizing;

use super::{FIELD_MANAGER, sealed::Sealed};
use crate::{
    call::{self, By, CallError, Subject, Verb},
    lease::Term,
};

/// The Secrets' names begin so; a hash of the page's name follows.
pub const PREFIX: &str = "doorward-order-";
const TYPE: &str = "doorward.dev/order";
/// The label that finds them all.
const LABEL: (&str, &str) = ("doorward.dev/kept", "orders");
const NAME: &str = "name";
const TEXT: &str = "page";

/// The book for one term.
pub struct OrderSecrets {
    api: Api<Secret>,
    namespace: Box<str>,
    term: Term,
}

impl OrderSecrets {
    pub fn new(client: Client, store_namespace: &str, term: Term) -> Self {
        let api = Api::namespaced(client, store_namespace);
        Self { api, namespace: store_namespace.into(), term }
    }

    fn subject(&self, name: &str) -> Subject {
        Subject::of::<Secret>(&self.namespace, name)
    }

    async fn write(&self, page: &Page) -> Result<(), CallError> {
        let name = object_name(&page.name);
        let mut metadata = super::own_metadata(&self.namespace, &name);
        let (key, value) = LABEL;
        metadata.labels.get_or_insert_default().insert(key.to_owned(), value.to_owned());
        let data = [(NAME, page.name.as_bytes().to_vec()), (TEXT, page.text.as_bytes().to_vec())];
        let sealed = Sealed::new(metadata, TYPE, data);
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let patch = Patch::Apply(&sealed);
        // The answer holds no content this way.
        let applied = self.api.patch_metadata(&name, &params, &patch);
        let by = By::Leader(&self.term);
        call::write(by, Verb::Patch, &self.subject(&name), applied).await.map(drop)
    }

    async fn delete(&self, page: &str) -> Result<(), CallError> {
        let name = object_name(page);
        let params = DeleteParams::default();
        let deleted = self.api.delete(&name, &params);
        let by = By::Leader(&self.term);
        match call::write(by, Verb::Delete, &self.subject(&name), deleted).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }
}

/// All pages, for whoever only reads them.
pub async fn load(client: Client, store_namespace: &str) -> Result<Vec<Page>, CallError> {
    pages(&Api::namespaced(client, store_namespace), store_namespace).await
}

async fn pages(api: &Api<Secret>, namespace: &str) -> Result<Vec<Page>, CallError> {
    let (key, value) = LABEL;
    let params = ListParams::default().labels(&format!("{key}={value}"));
    let all = Subject::of::<Secret>(namespace, &format!("{PREFIX}*"));
    let found = call::read(Verb::List, &all, api.list(&params)).await?;
    let pages = found.items.into_iter().filter_map(|secret| {
        let sealed = Sealed::from(secret);
        let (name, text) = (sealed.text(NAME)?, sealed.text(TEXT)?);
        Some(Page { name: name.to_owned(), text: Zeroizing::new(text.to_owned()) })
    });
    Ok(pages.collect())
}

impl OrderBook for OrderSecrets {
    fn load(&self) -> Future<'_, Result<Vec<Page>, StoreError>> {
        Box::pin(async { pages(&self.api, &self.namespace).await.map_err(not_kept) })
    }

    fn save<'a>(&'a self, page: &'a Page) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { self.write(page).await.map_err(not_kept) })
    }

    fn remove<'a>(&'a self, name: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { self.delete(name).await.map_err(not_kept) })
    }
}

fn not_kept(error: CallError) -> StoreError {
    StoreError(error.to_string())
}

/// A page's name has letters that an object's may not have.
fn object_name(page: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, page.as_bytes());
    let hex: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{PREFIX}{hex}")
}

#[cfg(test)]
mod tests;
