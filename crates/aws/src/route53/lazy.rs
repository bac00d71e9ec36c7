//! Route 53 that is opened by the first record: credentials are looked for then.

use issue::{Dns, Future, IssueError, Record};
use tokio::sync::OnceCell;

use super::Route53;
use crate::Account;

pub struct Lazy {
    region: Option<String>,
    endpoint: Option<String>,
    zones: Vec<String>,
    opened: OnceCell<Route53>,
}

impl Lazy {
    /// `zones`: as of [`Route53::new`]. `endpoint`: instead of AWS's own.
    pub fn new(region: Option<String>, endpoint: Option<String>, zones: Vec<String>) -> Self {
        Self { region, endpoint, zones, opened: OnceCell::new() }
    }

    async fn open(&self) -> &Route53 {
        let open = async || {
            let account = Account::open(self.region.clone(), self.endpoint.clone(), None).await;
            Route53::new(&account, self.zones.clone())
        };
        self.opened.get_or_init(open).await
    }
}

impl Dns for Lazy {
    fn check<'a>(&'a self, name: &'a str) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async move { self.open().await.check(name).await })
    }

    fn add<'a>(&'a self, record: &'a Record) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async move { self.open().await.add(record).await })
    }

    fn remove<'a>(&'a self, record: &'a Record) -> Future<'a, Result<(), IssueError>> {
        Box::pin(async move { self.open().await.remove(record).await })
    }

    fn is_served<'a>(&'a self, record: &'a Record) -> Future<'a, Result<bool, IssueError>> {
        Box::pin(async move { self.open().await.is_served(record).await })
    }
}
