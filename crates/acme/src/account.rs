//! The account that orders are placed with: made once, and found again by its key.

use std::sync::Arc;

use instant_acme::{Account, ExternalAccountKey, Key, NewAccount};
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

/// Finds the account of the kept key, or makes both.
pub(crate) async fn open(settings: &Settings, wire: Wire) -> Result<Account, IssueError> {
    let kept = settings.account_key.load().await.map_err(unkept)?;
    match (kept, &settings.external_account) {
        (Some(pem), _) => with_key(settings, &pem, wire).await,
        (None, None) => {
            let (_, der) = Key::generate_pkcs8().map_err(|error| failed(&error, settings))?;
            let pem = x509::pkcs8_pem(der.secret_pkcs8_der());
            // Kept before it is used: a key that was used and lost is an account that nobody has.
            settings.account_key.save(&pem).await.map_err(unkept)?;
            with_key(settings, &pem, wire).await
        }
        (None, Some(external)) => bound(settings, external, wire).await,
    }
}

/// The server answers with the account that the key has, or makes one.
async fn with_key(settings: &Settings, pem: &str, wire: Wire) -> Result<Account, IssueError> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| IssueError::refused(ACCOUNT_KEY))?;
    let key = Key::from_pkcs8_der(der.clone_key()).map_err(|error| failed(&error, settings))?;
    let (account, _) = Account::builder_with_http(Box::new(wire))
        .create_from_key((key, der.into()), settings.server.clone())
        .await
        .map_err(|error| failed(&error, settings))?;
    if let Some(contact) = settings.contact() {
        let contact = account.update_contacts(&[&contact]).await;
        contact.map_err(|error| failed(&error, settings))?;
    }
    Ok(account)
}

/// The library makes the key of a bound account itself. A kill before the key is kept leaves an
/// account that nobody has; CAs that bind each key once then have to be asked for another.
async fn bound(
    settings: &Settings,
    external: &ExternalAccount,
    wire: Wire,
) -> Result<Account, IssueError> {
    let contact = settings.contact();
    let contact: Vec<&str> = contact.as_deref().into_iter().collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let external = ExternalAccountKey::new(external.key_id.clone(), &external.key);
    let (account, credentials) = Account::builder_with_http(Box::new(wire))
        .create(&new, settings.server.clone(), Some(&external))
        .await
        .map_err(|error| failed(&error, settings))?;
    let pem = x509::pkcs8_pem(credentials.private_key().secret_pkcs8_der());
    settings.account_key.save(&pem).await.map_err(unkept)?;
    Ok(account)
}

fn failed(error: &instant_acme::Error, settings: &Settings) -> IssueError {
    fault::explain(error, ACCOUNT, &settings.server)
}

fn unkept(error: StoreError) -> IssueError {
    IssueError::passing(format!("the key of the ACME account cannot be kept: {error}"))
}
