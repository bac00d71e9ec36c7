//! The AWS accounts and regions that listeners are in, each opened once and kept as long as its
//! Issuer stays the same.

use std::{collections::BTreeMap, sync::Arc};

use aws::{AcmSpec, listeners::Listeners};
use issue::IssueError;
use model::{Arn, Issuer, IssuerKind};
use tokio::sync::Mutex;

#[derive(Default)]
pub struct Accounts(Mutex<BTreeMap<(String, String), Opened>>);

struct Opened {
    of: Arc<Issuer>,
    listeners: Arc<Listeners>,
}

impl Accounts {
    /// What works on the listeners of the account and region that `listener` is in. `issuer`: the
    /// one called `name`, if it exists.
    pub async fn listeners(
        &self,
        name: &str,
        issuer: Option<Arc<Issuer>>,
        listener: &Arn,
    ) -> Result<Arc<Listeners>, IssueError> {
        let issuer = issuer.filter(|issuer| issuer.kind == IssuerKind::Acm).ok_or_else(|| {
            IssueError::refused(format!(
                "there is no Issuer {name} with spec.acm, whose credentials the calls could be made with: create it again"
            ))
        })?;
        let place = (name.to_owned(), listener.region().to_owned());
        let mut opened = self.0.lock().await;
        if let Some(known) = opened.get(&place).filter(|known| known.of == issuer) {
            return Ok(known.listeners.clone());
        }
        let spec = AcmSpec::read(&issuer.settings)
            .map_err(|problem| IssueError::refused(format!("Issuer {name}: {problem}")))?;
        let spec = AcmSpec { region: Some(listener.region().to_owned()), ..spec };
        let listeners = Arc::new(Listeners::new(&spec.open().await));
        opened.insert(place, Opened { of: issuer, listeners: listeners.clone() });
        Ok(listeners)
    }
}
