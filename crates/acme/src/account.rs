//! The account that orders are placed with: made once, and found again by its key.

mod bound;

use std::sync::Arc;

use instant_acme::{Account, Error, Key};
use issue::{Entries, IssueError, StoreError};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use zeroize::Zeroizing;

use crate::{
    Settings,
    fault::{self, ACCOUNT, ACCOUNT_KEY},
    wire::Wire,
};

/// Where the account's private key is, in PEM.
#[derive(Clone)]
pub enum AccountKey {
    /// The user's own; an account of it is made if the CA has none.
    Given(Zeroizing<String>),
    /// Doorward's, in this entry; made if there is none.
    Kept { entries: Arc<dyn Entries>, secret: String, key: String },
}

/// What binds the account to a contract with the CA (RFC 8555 section 7.3.4).
#[derive(Clone)]
pub struct ExternalAccount {
    pub key_id: String,
    /// The MAC key, decoded.
    pub key: Zeroizing<Vec<u8>>,
}

impl AccountKey {
    async fn load(&self) -> Result<Option<Zeroizing<String>>, StoreError> {
        match self {
            Self::Given(pem) => Ok(Some(pem.clone())),
            Self::Kept { entries, secret, key } => entries.load(secret, key).await,
        }
    }

    /// One that is given is never made, so there is nothing to keep.
    async fn save(&self, pem: &str) -> Result<(), StoreError> {
        match self {
            Self::Given(_) => Ok(()),
            Self::Kept { entries, secret, key } => entries.save(secret, key, pem).await,
        }
    }
}

/// Finds the account of the kept key, or makes what is missing of both.
pub(crate) async fn open(settings: &Settings, wire: Wire) -> Result<Account, IssueError> {
    let der = key(settings).await?;
    let account = match &settings.external_account {
        Some(external) => bound(settings, external, der, wire).await,
        None => plain(settings, der, wire).await,
    };
    let account = account.map_err(|error| failed(&error, settings))?;
    if let Some(contact) = settings.contact() {
        let contact = account.update_contacts(&[&contact]).await;
        contact.map_err(|error| failed(&error, settings))?;
    }
    Ok(account)
}

/// A new one is kept before it is used: a key that was used and lost is an account that nobody
/// has.
async fn key(settings: &Settings) -> Result<PrivatePkcs8KeyDer<'static>, IssueError> {
    if let Some(pem) = settings.account_key.load().await.map_err(unkept)? {
        return PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| IssueError::refused(ACCOUNT_KEY));
    }
    let (_, der) = Key::generate_pkcs8().map_err(|error| failed(&error, settings))?;
    let pem = x509::pkcs8_pem(der.secret_pkcs8_der());
    settings.account_key.save(&pem).await.map_err(unkept)?;
    Ok(der)
}

/// The server answers with the account that the key has, or makes one.
async fn plain(
    settings: &Settings,
    der: PrivatePkcs8KeyDer<'static>,
    wire: Wire,
) -> Result<Account, Error> {
    let key = Key::from_pkcs8_der(der.clone_key())?;
    let (account, _) = Account::builder_with_http(Box::new(wire))
        .create_from_key((key, der.into()), settings.server.clone())
        .await?;
    Ok(account)
}

/// The account that the key has is looked for first: CAs bind each external key once.
async fn bound(
    settings: &Settings,
    external: &ExternalAccount,
    der: PrivatePkcs8KeyDer<'static>,
    wire: Wire,
) -> Result<Account, Error> {
    let key = Key::from_pkcs8_der(der.clone_key())?;
    let found = Account::builder_with_http(Box::new(wire.clone()))
        .from_key((key, der.clone_key().into()), settings.server.clone())
        .await;
    match found {
        Err(error) if fault::is_without_account(&error) => {}
        found => return found.map(|(account, _)| account),
    }
    let (server, contact) = (&settings.server, settings.contact());
    let id = bound::create(&wire, server, &der, contact.as_deref(), external).await?;
    Account::builder_with_http(Box::new(wire)).from_parts(id, der, server.clone()).await
}

fn failed(error: &Error, settings: &Settings) -> IssueError {
    fault::explain(error, ACCOUNT, &settings.server)
}

fn unkept(error: StoreError) -> IssueError {
    IssueError::passing(format!("the key of the ACME account cannot be kept: {error}"))
}
