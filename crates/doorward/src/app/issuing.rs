//! The own CA out of the state folder, and the issued certificates, open orders and what issuers
//! keep beside them into it.

pub mod workshop;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ::watch::{
    folder::{ISSUED_AS, ISSUED_BY},
    state::{NewSecret, SecretEntries, StateError, StateFolder},
};
use anyhow::{Context, Result};
use issue::{
    Entries, Future, IssueError, Issued, Issuer, OrderBook, Page, Progress, Request, Step, Store,
    StoreError,
};
use jiff::Timestamp;
use model::CertificateId;
use providers::ca::{Ca, RootCertificate};
use tokio::{sync::Mutex, task::block_in_place, time::Instant};
use tracing::info;
use zeroize::Zeroizing;

/// Fetches the own CA's root from where it is kept, or makes it there.
pub type Root = Arc<dyn Fn() -> Future<'static, Result<RootCertificate>> + Send + Sync>;

/// Renewals that operators asked for and the keeper has not taken up yet.
pub const RENEWALS: usize = 64;

/// The root is looked for again after this long: a certificate must not be signed by one that
/// somebody has deleted or replaced. Thousands of orders at once need not read it thousands of
/// times.
const ROOT_IS_FRESH: Duration = Duration::from_secs(10);

/// The own CA, opened when a certificate is asked of it: a root that is lost or cannot be stored
/// fails its orders, and nothing else.
struct Local {
    root: Root,
    ca: Mutex<Option<(Instant, Arc<Ca>)>>,
}

impl Local {
    fn new(root: Root) -> Self {
        Self { root, ca: Mutex::new(None) }
    }

    async fn open(&self) -> Result<Arc<Ca>> {
        let mut opened = self.ca.lock().await;
        if let Some((since, ca)) = &*opened
            && since.elapsed() < ROOT_IS_FRESH
        {
            return Ok(ca.clone());
        }
        let root = (self.root)().await?;
        let ca = Arc::new(Ca::open(&root, Timestamp::now).context("own CA")?);
        *opened = Some((Instant::now(), ca.clone()));
        Ok(ca)
    }
}

impl Issuer for Local {
    fn leaves_traces(&self) -> bool {
        false
    }

    fn advance<'a>(
        &'a self,
        request: &'a Request,
        progress: &'a Progress,
    ) -> Future<'a, Result<Step, IssueError>> {
        Box::pin(async move {
            let ca = self.open().await;
            let ca = ca.map_err(|error| IssueError::passing(format!("{error:#}")))?;
            ca.advance(request, progress).await
        })
    }
}

/// The root in the state folder.
pub fn root_in_folder(state: Arc<StateFolder>) -> Root {
    Arc::new(move || {
        let state = state.clone();
        Box::pin(async move { block_in_place(|| open_or_make(&state)) })
    })
}

fn open_or_make(state: &StateFolder) -> Result<RootCertificate> {
    if let Some((certificate_pem, key_pem)) = state.view().load_root()? {
        return Ok(RootCertificate { certificate_pem, key_pem });
    }
    let root = RootCertificate::make(Timestamp::now())?;
    state.save_root(&root.certificate_pem, &root.key_pem)?;
    info!(root = %state.view().root_certificate().display(), "made the root of the own CA");
    Ok(root)
}

/// Issued certificates become Secrets of the state folder, from where the World takes them up.
pub struct IssuedSecrets(pub Arc<StateFolder>);

impl Store for IssuedSecrets {
    fn put<'a>(
        &'a self,
        id: &'a CertificateId,
        issuer: &'a str,
        issued: &'a Issued,
    ) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let Some((namespace, name)) = id.as_secret() else {
                return Err(StoreError(format!("{id} is no Secret's id, NAMESPACE/NAME")));
            };
            let secret = NewSecret {
                namespace,
                name,
                labels: BTreeMap::from([(ISSUED_BY, issuer)]),
                annotations: issued.issued_as.iter().map(|name| (ISSUED_AS, &**name)).collect(),
                certificate_pem: &issued.certificate_pem,
                key_pem: &issued.key_pem,
            };
            block_in_place(|| self.0.put_secret(&secret)).map_err(not_kept)
        })
    }
}

/// The book of orders in the state folder.
pub struct OrdersInFolder(pub Arc<StateFolder>);

impl OrderBook for OrdersInFolder {
    fn load(&self) -> Future<'_, Result<Vec<Page>, StoreError>> {
        Box::pin(async {
            let pages = block_in_place(|| self.0.view().load_orders()).map_err(not_kept)?;
            Ok(pages.into_iter().map(|(name, text)| Page { name, text }).collect())
        })
    }

    fn save<'a>(&'a self, page: &'a Page) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async {
            block_in_place(|| self.0.save_order(&page.name, &page.text)).map_err(not_kept)
        })
    }

    fn remove<'a>(&'a self, name: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { block_in_place(|| self.0.remove_order(name)).map_err(not_kept) })
    }
}

/// Small secrets of issuers in the state folder.
pub struct EntriesInFolder(pub SecretEntries);

impl Entries for EntriesInFolder {
    fn load<'a>(
        &'a self,
        secret: &'a str,
        key: &'a str,
    ) -> Future<'a, Result<Option<Zeroizing<String>>, StoreError>> {
        Box::pin(async { block_in_place(|| self.0.load(secret, key)).map_err(not_kept) })
    }

    fn save<'a>(
        &'a self,
        secret: &'a str,
        key: &'a str,
        text: &'a str,
    ) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { self.0.set(secret, key, Some(text)).await.map_err(not_kept) })
    }

    fn remove<'a>(&'a self, secret: &'a str, key: &'a str) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async { self.0.set(secret, key, None).await.map_err(not_kept) })
    }
}

fn not_kept(error: StateError) -> StoreError {
    StoreError(error.to_string())
}

#[cfg(test)]
mod tests;
