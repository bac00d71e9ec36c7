//! The API server as the keeper of what operators change.

use std::sync::Arc;

use ::watch::state::NewSecret;
use cluster::store::{By, CallError, ConsoleMap, Secrets};
use issue::Future;
use translate::world::{Object, Secret};

use crate::admin::{Edit, Keep, KeepError};

/// Any replica writes what it is asked for.
pub struct InCluster {
    pub secrets: Secrets,
    pub console: Arc<ConsoleMap>,
}

impl Keep for InCluster {
    fn put_secret<'a>(&'a self, secret: &'a NewSecret<'a>) -> Future<'a, Result<(), KeepError>> {
        Box::pin(async move {
            self.secrets.put(By::Operator, secret).await.map_err(|error| refused(&error))
        })
    }

    fn delete_secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> Future<'a, Result<bool, KeepError>> {
        Box::pin(async move {
            let deleted = self.secrets.delete(By::Operator, namespace, name).await;
            deleted.map_err(|error| refused(&error))
        })
    }

    /// The World's generation is this replica's own, so it says nothing to the others: edits
    /// stand until the leader takes them out.
    fn edit(&self, edit: Edit) -> Future<'_, Result<(), KeepError>> {
        Box::pin(async move {
            let kept = match edit {
                Edit::ReadOnly { load_balancer, enabled } => {
                    self.console.set_read_only(&load_balancer, enabled).await
                }
                Edit::Default { listener, id, .. } => {
                    self.console.set_default(&listener, &id).await
                }
                Edit::Add { listener, id, .. } => self.console.add(&listener, &id).await,
                Edit::Remove { listener, id, .. } => self.console.remove(&listener, &id).await,
            };
            kept.map_err(|error| refused(&error))
        })
    }

    /// In a cluster an object is the same whoever wrote it.
    fn written_elsewhere(&self, _: &Object<Secret>) -> Option<String> {
        None
    }
}

fn refused(error: &CallError) -> KeepError {
    KeepError::Refused(error.to_string())
}
