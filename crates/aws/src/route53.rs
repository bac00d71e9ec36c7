//! Records in Amazon Route 53, the proof that names are ours.
//!
//! Only public zones count: nobody outside sees what a private zone of the same name holds.
//! Records of others are never overwritten: a validation record whose value is another one is
//! told as a conflict.

mod change;
mod lazy;
mod presentation;
mod writer;
mod zones;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_sdk_route53::{Client, config::retry::RetryConfig, types::ChangeStatus};
use issue::{Dns, Future, IssueError, Record};

use crate::{
    Account,
    fault::{Call, fault},
};
use change::Wish;
use writer::{ChangeId, Writer};
use zones::{ZoneId, Zones};

pub use lazy::Lazy;

/// Zones of one account. Keep one for all orders: it is what keeps writers of a zone in a row.
pub struct Route53 {
    client: Client,
    zones: Zones,
    writers: Mutex<HashMap<ZoneId, Arc<Writer>>>,
    /// The change that brought a record, to ask how far it has spread.
    spreading: Mutex<HashMap<Record, ChangeId>>,
}

impl Route53 {
    /// `zones`: ids of the only zones to write to; empty for every public zone of the account.
    pub fn new(account: &Account, zones: Vec<String>) -> Self {
        let client = Client::from_conf(
            aws_sdk_route53::config::Builder::from(&account.config)
                .retry_config(patient(account))
                .build(),
        );
        Self {
            zones: Zones::new(client.clone(), zones),
            client,
            writers: Mutex::default(),
            spreading: Mutex::default(),
        }
    }

    async fn write(&self, record: &Record, wish: Wish) -> Result<(), IssueError> {
        let zone = self.zones.of(&record.name).await?;
        let writer = self.writer(&zone);
        if let Some(change) = writer.write(record, wish).await? {
            self.spreading().insert(record.clone(), change);
        }
        Ok(())
    }

    fn writer(&self, zone: &ZoneId) -> Arc<Writer> {
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(Writer::new(self.client.clone(), zone.clone()));
        writers.entry(zone.clone()).or_insert_with(make).clone()
    }

    fn spreading(&self) -> MutexGuard<'_, HashMap<Record, ChangeId>> {
        self.spreading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether Route 53 says that all its servers have the change.
    async fn is_in_sync(&self, change: &ChangeId) -> Result<bool, IssueError> {
        const CALL: Call = Call { service: "route53", operation: "GetChange" };
        let answer = self
            .client
            .get_change()
            .id(&**change)
            .send()
            .await
            .map_err(|error| fault(CALL, &error))?;
        Ok(answer.change_info.is_some_and(|info| info.status == ChangeStatus::Insync))
    }
}

impl Dns for Route53 {
    fn check<'a>(&'a self, name: &'a str) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async move { self.zones.of(name).await.map(drop) })
    }

    fn add<'a>(&'a self, record: &'a Record) -> Future<'a, Result<(), IssueError>> {
        Box::pin(self.write(record, Wish::Add))
    }

    fn remove<'a>(&'a self, record: &'a Record) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async move {
            self.write(record, Wish::Remove).await?;
            self.spreading().remove(record);
            Ok(())
        })
    }

    /// A record whose change is not remembered is written once more as it is: the answer to that
    /// change says that all earlier ones have spread too.
    fn is_served<'a>(&'a self, record: &'a Record) -> Future<'a, Result<bool, IssueError>> {
        Box::pin(async move {
            let known = self.spreading().get(record).cloned();
            let change = match known {
                Some(change) => change,
                None => {
                    self.write(record, Wish::Refresh).await?;
                    let Some(change) = self.spreading().get(record).cloned() else {
                        return Ok(false);
                    };
                    change
                }
            };
            self.is_in_sync(&change).await
        })
    }
}

/// Other tools of the account use up its five calls a second too, and a zone takes one change at
/// a time: what is refused for that is worth more attempts than other errors.
fn patient(account: &Account) -> RetryConfig {
    let usual = account.config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    usual.with_max_attempts(8)
}

#[cfg(test)]
mod tests;
