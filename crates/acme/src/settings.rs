//! An issuer's settings, ready to use: what the spec named has been fetched and decoded.

use std::net::SocketAddr;

use rustls_pki_types::CertificateDer;

use crate::{AccountKey, ExternalAccount, Solver};

#[derive(Clone)]
pub struct Settings {
    /// The URL of the CA's directory.
    pub server: String,
    /// Who may have signed the server's own certificate; empty: whom the machine trusts.
    pub trusted: Vec<CertificateDer<'static>>,
    /// Where the CA writes to.
    pub email: Option<String>,
    pub account_key: AccountKey,
    pub external_account: Option<ExternalAccount>,
    /// One of the kinds of certificate that the CA offers.
    pub profile: Option<String>,
    /// The common name of the root that the chain should lead to, where the CA offers several.
    pub preferred_chain: Option<String>,
    pub solvers: Vec<Solver>,
    /// Whom to ask for CAA and CNAME records; `None`: whom the machine asks.
    pub resolver: Option<SocketAddr>,
}

impl Settings {
    pub(crate) fn contact(&self) -> Option<String> {
        self.email.as_ref().map(|email| format!("mailto:{email}"))
    }
}
