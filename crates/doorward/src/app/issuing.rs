//! The own CA out of the state folder, and the issued certificates into it.

use std::{collections::BTreeMap, sync::Arc};

use ::watch::{
    folder::ISSUED_BY,
    state::{NewSecret, StateFolder},
};
use anyhow::{Context, Result};
use issue::{Future, Issued, Issuers, Store, StoreError};
use jiff::Timestamp;
use model::Want;
use providers::ca::{LocalCa, RootCertificate};
use tokio::task::block_in_place;
use tracing::info;

/// The issuers that exist: `local` is the own CA, whose root is made at the first start.
pub fn issuers(state: &StateFolder) -> Result<Issuers> {
    let root = match state.load_root()? {
        Some((certificate_pem, key_pem)) => RootCertificate { certificate_pem, key_pem },
        None => {
            let root = RootCertificate::make(Timestamp::now())?;
            state.save_root(&root.certificate_pem, &root.key_pem)?;
            info!(root = %state.root_certificate().display(), "made the root of the own CA");
            root
        }
    };
    let ca = LocalCa::open(&root, Timestamp::now)
        .with_context(|| format!("own CA in {}", state.path().display()))?;
    Ok(BTreeMap::from([("local".into(), Arc::new(ca) as Arc<dyn issue::Issuer>)]))
}

/// Issued certificates become Secrets of the state folder, from where the World takes them up.
pub struct IssuedSecrets(pub Arc<StateFolder>);

impl Store for IssuedSecrets {
    fn put<'a>(&'a self, want: &'a Want, issued: &'a Issued) -> Future<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let Some((namespace, name)) = want.id.as_secret() else {
                return Err(StoreError(format!("{} is no Secret's id, NAMESPACE/NAME", want.id)));
            };
            let secret = NewSecret {
                namespace,
                name,
                labels: BTreeMap::from([(ISSUED_BY, &*want.issuer)]),
                certificate_pem: &issued.certificate_pem,
                key_pem: &issued.key_pem,
            };
            block_in_place(|| self.0.put_secret(&secret))
                .map_err(|error| StoreError(error.to_string()))
        })
    }
}
