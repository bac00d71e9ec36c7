//! Decides which certificates to obtain and when, and has them obtained.
//!
//! The Model says what is wanted and what is in hand ([`model::Want`]). `policy` decides
//! purely; `keeper` is the one task that acts; an [`Issuer`] makes the certificate; the
//! [`Store`] writes it where the source finds it again. Nothing here knows who the issuer is.

mod backoff;
mod challenge;
mod dns;
mod issuer;
mod keeper;
mod order;
mod policy;

pub use challenge::{Challenge, Challenges};
pub use dns::{Dns, Record, RecordKind};
pub use issuer::{
    Fault, Future, IssueError, Issued, Issuer, Progress, RenewalWindow, Request, Stage, Step,
    Store, StoreError,
};
pub use keeper::{Clock, Issuers, keep};
pub use model::KeyKind;
pub use order::{Order, OrderState, Orders, seen};
