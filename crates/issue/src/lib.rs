//! Decides which certificates to obtain and when, and has them obtained.
//!
//! The Model says what is wanted and what is in hand ([`model::Want`]). `policy` decides
//! purely; `keeper` is the one task that acts; an [`Issuer`] makes the certificate; the
//! [`Store`] writes it where the source finds it again. Nothing here knows who the issuer is.

mod backoff;
mod issuer;
mod keeper;
mod order;
mod policy;

pub use issuer::{Future, IssueError, Issued, Issuer, Store, StoreError};
pub use keeper::{Clock, Issuers, keep};
pub use order::{Order, OrderState, Orders, seen};
