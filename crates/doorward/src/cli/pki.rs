//! `doorward pki`: the cluster's own PKI, over the user's own ssh. Needs no running Doorward.

use std::path::Path;

use anyhow::{Context, Result, bail};
use rotate::{Inventory, inventory::Base};

use crate::args::{InventoryArgs, PkiVerb};

/// What `status` exits with where it could not look; the other verbs fail like any command.
const COULD_NOT_LOOK: u8 = 4;
const FAILED: u8 = 1;

/// Does it, and says what to exit with.
pub fn pki(verb: &PkiVerb) -> Result<u8> {
    let inventory = inventory(match verb {
        PkiVerb::Status(args) => &args.inventory,
        PkiVerb::Plan(args) => &args.inventory,
        PkiVerb::Renew(args) => &args.inventory,
        PkiVerb::Resume(args) => &args.inventory,
        PkiVerb::Rollback(args) => &args.inventory,
        PkiVerb::Verify(args) => &args.inventory,
    })?;
    bail!("{}: read; this version of doorward cannot look at its hosts yet", inventory.name)
}

/// What a verb that failed exits with.
pub fn pki_failure(verb: &PkiVerb) -> u8 {
    match verb {
        PkiVerb::Status(_) => COULD_NOT_LOOK,
        _ => FAILED,
    }
}

fn inventory(args: &InventoryArgs) -> Result<Inventory> {
    let file: &Path = &args.inventory;
    let text = std::fs::read_to_string(file).with_context(|| {
        format!("{}: cannot read the inventory; give another with --inventory", file.display())
    })?;
    let home = std::env::var_os("HOME").map(Into::into);
    Ok(Inventory::parse(&text, &Base { file: file.to_owned(), home })?)
}
