//! Takes away what an order left in ACM, and only what nobody else needs.

use issue::{IssueError, Record, Request};
use tracing::info;

use super::{AcmIssuer, RecordPolicy, State, instance, records, seen::Records, spec};

impl AcmIssuer {
    pub(super) async fn take_away(
        &self,
        request: &Request,
        state: State,
    ) -> Result<(), IssueError> {
        let own = match state.arn {
            Some(arn) => vec![arn],
            None => {
                self.inventory.forget().await;
                let own = self.own_instances(request, None).await?;
                own.into_iter().map(|instance| instance.arn).collect()
            }
        };
        for arn in own {
            self.delete(request, &arn).await?;
        }
        Ok(())
    }

    /// Deletes a certificate, unless something else holds it or a later order took it over. Its
    /// records go last: without them nothing is renewed.
    async fn delete(&self, request: &Request, arn: &str) -> Result<(), IssueError> {
        let Some(tags) = self.inventory.tags(arn).await? else { return Ok(()) };
        if !spec::is_own(&tags, request, &self.settings)
            || instance::order_of(&tags) != Some(request.serial)
        {
            return Ok(());
        }
        let Some(seen) = self.api.describe(arn).await? else { return Ok(()) };
        if let Some(user) = seen.in_use_by.first() {
            return Err(IssueError::passing(format!(
                "{arn} is still in use by {user}; it is deleted when nothing uses it any more"
            )));
        }
        self.api.delete(arn).await?;
        self.inventory.forget().await;
        info!(certificate = %request.id, %arn, "deleted a certificate of ACM");
        match (self.settings.records, seen.records) {
            (RecordPolicy::RemoveUnused, Records::Known(own)) => self.remove_unused(own).await,
            _ => Ok(()),
        }
    }

    async fn remove_unused(&self, own: Vec<Record>) -> Result<(), IssueError> {
        let mut others = Vec::new();
        for listed in self.inventory.list().await?.iter() {
            if !records::may_need(listed, &own) {
                continue;
            }
            match self.api.describe(&listed.arn).await?.map(|seen| seen.records) {
                Some(Records::Known(records)) => others.extend(records),
                // It will want records, and nobody knows yet which.
                Some(Records::NotYet) => return Ok(()),
                None => {}
            }
        }
        for record in records::unused(own, &others) {
            self.dns.remove(&record).await?;
        }
        Ok(())
    }
}
