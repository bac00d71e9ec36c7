//! `doorward pki`: the cluster's own PKI, over the user's own ssh. Needs no running Doorward.

mod look;
mod plan;
mod renew;
mod status;
mod verify;

use std::ffi::OsString;

use anyhow::Result;
use rotate::Inventory;

use crate::{
    args::{InventoryArgs, PkiVerb},
    config,
};

/// What `status` exits with where it could not look; the other verbs fail like any command.
const COULD_NOT_LOOK: u8 = 4;
const FAILED: u8 = 1;

/// Does it, and says what to exit with.
pub fn pki(verb: &PkiVerb) -> Result<u8> {
    match verb {
        PkiVerb::Status(args) => status::status(args, &inventory(&args.inventory)?),
        PkiVerb::Verify(args) => verify::verify(args, &inventory(&args.inventory)?),
        PkiVerb::Plan(args) => plan::plan(args, &inventory(&args.inventory)?),
        PkiVerb::Renew(args) => renew::renew(args, &inventory(&args.inventory)?),
        PkiVerb::Resume(args) => renew::resume(args, &inventory(&args.inventory)?),
        PkiVerb::Rollback(args) => renew::rollback(args, &inventory(&args.inventory)?),
    }
}

/// What a verb that failed exits with.
pub fn pki_failure(verb: &PkiVerb) -> u8 {
    match verb {
        PkiVerb::Status(_) => COULD_NOT_LOOK,
        _ => FAILED,
    }
}

/// What words that cannot be understood exit with, where monitors would take the usual code for
/// a finding.
pub fn pki_usage(mut words: impl Iterator<Item = OsString>) -> Option<u8> {
    let verb = [words.nth(1)?, words.next()?];
    (verb == ["pki", "status"]).then_some(COULD_NOT_LOOK)
}

fn inventory(args: &InventoryArgs) -> Result<Inventory> {
    config::inventory(&args.inventory, "--inventory or DOORWARD_INVENTORY")
}
