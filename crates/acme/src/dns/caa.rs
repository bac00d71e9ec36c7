//! Who may issue for a name, by the CAA records of its domains (RFC 8659). Looked at before the CA
//! does it, as each of its refusals counts against a limit.
//!
//! What records say beyond the CA's name, such as which account or proof (RFC 8657), is left to
//! the CA: not all heed it.

use std::{collections::BTreeMap, net::SocketAddr};

use hickory_proto::{
    op::ResponseCode,
    rr::{Name, RData, RecordType, rdata::CAA},
};
use issue::IssueError;

use super::exchange::{ask, name};

/// Looks domains up, each once.
pub(crate) struct Lookup {
    resolver: SocketAddr,
    known: BTreeMap<Name, Vec<CAA>>,
}

/// The records that count for a name.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Whose they are: the name's own, or those of the nearest domain above that has any.
    pub(crate) domain: String,
    records: Vec<CAA>,
}

impl Lookup {
    pub(crate) fn new(resolver: SocketAddr) -> Self {
        Self { resolver, known: BTreeMap::new() }
    }

    /// RFC 8659 section 3. `host` without `*.`; `None`: nothing is said. Aliases are followed by
    /// whoever is asked.
    pub(crate) async fn rules(&mut self, host: &str) -> Result<Option<Rules>, IssueError> {
        let mut domain = name(host)?;
        while !domain.is_root() {
            let records = self.records(&domain).await?;
            if !records.is_empty() {
                let domain = domain.to_ascii().trim_end_matches('.').to_owned();
                return Ok(Some(Rules { domain, records }));
            }
            domain = domain.base_name();
        }
        Ok(None)
    }

    async fn records(&mut self, domain: &Name) -> Result<Vec<CAA>, IssueError> {
        if let Some(records) = self.known.get(domain) {
            return Ok(records.clone());
        }
        let answer = ask(self.resolver, domain.clone(), RecordType::CAA).await?;
        let code = answer.metadata.response_code;
        if !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain) {
            let resolver = self.resolver;
            return Err(IssueError::passing(format!(
                "the DNS server at {resolver} does not know the CAA records of {domain}: {code}"
            )));
        }
        let records: Vec<CAA> = answer
            .answers
            .into_iter()
            .filter_map(|record| match record.data {
                RData::CAA(caa) => Some(caa),
                _ => None,
            })
            .collect();
        self.known.insert(domain.clone(), records.clone());
        Ok(records)
    }
}

impl Rules {
    /// RFC 8659 sections 4.1 to 4.3: whether a CA that goes by one of these names may issue.
    pub(crate) fn let_in(&self, identities: &[String], is_wildcard: bool) -> bool {
        let is_known = |tag: &str| ["issue", "issuewild", "iodef"].contains(&tag);
        if self.records.iter().any(|caa| caa.issuer_critical && !is_known(&tag(caa))) {
            return false;
        }
        let tagged = |wanted: &'static str| {
            self.records.iter().filter(move |caa| tag(caa) == wanted).peekable()
        };
        let mut records = tagged(if is_wildcard { "issuewild" } else { "issue" });
        if is_wildcard && records.peek().is_none() {
            records = tagged("issue");
        }
        if records.peek().is_none() {
            return true;
        }
        records.any(|caa| {
            let issuer = issuer(caa);
            identities.iter().any(|identity| identity.eq_ignore_ascii_case(&issuer))
        })
    }

    /// Whom they let in, for people.
    pub(crate) fn let_in_by_name(&self) -> String {
        let issuers = self.records.iter().filter(|caa| tag(caa).starts_with("issue"));
        let mut issuers: Vec<_> = issuers.map(issuer).filter(|name| !name.is_empty()).collect();
        issuers.sort();
        issuers.dedup();
        match issuers.is_empty() {
            true => "nobody".to_owned(),
            false => issuers.join(", "),
        }
    }
}

fn tag(caa: &CAA) -> String {
    caa.tag.to_ascii_lowercase()
}

/// What stands before the parameters. A value that is malformed names nobody (section 4.2).
fn issuer(caa: &CAA) -> String {
    let value = String::from_utf8_lossy(&caa.value);
    value.split(';').next().unwrap_or_default().trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
