//! The state folder as the keeper of what operators change.

use std::sync::Arc;

use ::watch::state::{ConsoleStore, NewSecret, StateError, StateFolder};
use issue::Future;
use tokio::task::block_in_place;
use translate::world::{Object, Secret};

use crate::admin::{Edit, Keep, KeepError};

pub struct InFolder {
    pub state: Arc<StateFolder>,
    pub console: Arc<ConsoleStore>,
}

impl Keep for InFolder {
    fn put_secret<'a>(&'a self, secret: &'a NewSecret<'a>) -> Future<'a, Result<(), KeepError>> {
        Box::pin(
            async move { block_in_place(|| self.state.put_secret(secret)).map_err(not_written) },
        )
    }

    fn delete_secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> Future<'a, Result<bool, KeepError>> {
        Box::pin(async move {
            block_in_place(|| self.state.delete_secret(namespace, name)).map_err(not_written)
        })
    }

    fn edit(&self, edit: Edit) -> Future<'_, Result<(), KeepError>> {
        let console = &self.console;
        Box::pin(async move {
            let write = || match edit {
                Edit::ReadOnly { load_balancer, enabled } => {
                    console.set_read_only(&load_balancer, enabled)
                }
                Edit::Default { listener, id, generation } => {
                    console.set_default(listener, id, generation)
                }
                Edit::Add { listener, id, generation } => console.add(listener, id, generation),
                Edit::Remove { listener, id, generation } => {
                    console.remove(listener, id, generation)
                }
            };
            block_in_place(write).map_err(not_written)
        })
    }

    fn written_elsewhere(&self, secret: &Object<Secret>) -> Option<String> {
        let origin = secret.origin.as_ref()?;
        let is_ours = origin.file.starts_with(self.state.view().secrets());
        (!is_ours).then(|| origin.to_string())
    }
}

fn not_written(error: StateError) -> KeepError {
    KeepError::NotWritten(error.to_string())
}
