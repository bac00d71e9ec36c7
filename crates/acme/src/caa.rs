//! No order where CAA records say already that the CA must refuse it.

use issue::IssueError;
use model::Name;

use crate::{
    AcmeIssuer, directory,
    dns::{caa::Lookup, resolver},
};

impl AcmeIssuer {
    /// Only a CA that says by which names it goes is held to the records. What cannot be looked
    /// up from here forbids nothing: the CA looks for itself, perhaps in another DNS.
    pub(crate) async fn check_caa(&self, names: &[Name]) -> Result<(), IssueError> {
        let server = &self.settings.server;
        let identities = match directory::read(self.wire().await?, server).await {
            Ok(directory) => directory.meta.caa_identities,
            Err(error) => return Err(self.explain(&error, "read the CA's directory").await),
        };
        if identities.is_empty() {
            return Ok(());
        }
        let mut lookup = Lookup::new(self.settings.resolver.unwrap_or_else(resolver::of_machine));
        for name in names {
            let host = name.wildcard_parent().unwrap_or(name.as_str());
            let rules = match lookup.rules(host).await {
                Ok(Some(rules)) => rules,
                Ok(None) => continue,
                Err(error) => {
                    tracing::debug!("CAA records are left to the CA: {error}");
                    return Ok(());
                }
            };
            if !rules.let_in(&identities, name.is_wildcard()) {
                let property = if name.is_wildcard() { "issuewild" } else { "issue" };
                return Err(IssueError::refused(format!(
                    "the CAA records of {} let in {}, and this CA goes by {}, so it must refuse \
                     {name}: add `{} CAA 0 {property} \"{}\"`, or obtain the certificate from \
                     another issuer",
                    rules.domain,
                    rules.let_in_by_name(),
                    identities.join(", "),
                    rules.domain,
                    identities[0],
                )));
            }
        }
        Ok(())
    }
}
