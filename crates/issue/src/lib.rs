//! Decides which certificates to obtain and when, and has them obtained.
//!
//! The Model says what is wanted and what is in hand ([`model::Want`]). `policy` decides purely;
//! the [`Desk`] is all orders as a state machine that only says which calls to make; the
//! [`Keeper`] is the one task that makes them. An [`Issuer`] makes the certificate, the
//! [`Store`] writes it where the source finds it again, the [`OrderBook`] keeps what a restart
//! needs. Nothing here knows who the issuer is.

mod backoff;
mod book;
mod budget;
mod challenge;
mod check;
mod desk;
mod dns;
mod entries;
mod entry;
mod issuer;
mod keeper;
mod kept_challenges;
mod order;
mod plan;
mod policy;
mod spec_problem;
mod spread;

pub use backoff::Pace;
pub use book::{OrderBook, Page, Slate, read_pages};
pub use budget::{Budgets, Counts, Limit, Scope, Spares};
pub use challenge::{Challenge, Challenges, Proof};
pub use check::Delivery;
pub use desk::{
    Action, Course, Desk, Foreseen, Foresight, Known, LimitUse, Made, Outcome, Refusal, Slot,
    Terms, Work, foresee,
};
pub use dns::{Dns, Record, RecordKind};
pub use entries::{Entries, NoEntries};
pub use entry::{Entry, Phase};
pub use issuer::{
    Fault, Future, IssueError, Issued, Issuer, Progress, RenewalWindow, Request, Stage, Step,
    Store, StoreError,
};
pub use keeper::{Clock, Employed, Issuers, Keeper};
pub use kept_challenges::KeptChallenges;
pub use model::KeyKind;
pub use order::{BudgetWait, Order, OrderStage, OrderState, Orders, seen};
pub use plan::{IssuerPlan, PlanError, RenewalHours};
pub use policy::Why;
pub use spec_problem::SpecProblem;
