//! The machines of the cluster, for `pki` and for a `run` that looks after them.

use std::path::Path;

use anyhow::{Context, Result};
use rotate::{Inventory, inventory::Base};

/// Reads the inventory and checks it; asks no machine. `named_by` is where another file can be
/// given.
pub fn inventory(file: &Path, named_by: &str) -> Result<Inventory> {
    let text = std::fs::read_to_string(file).with_context(|| {
        format!("{}: cannot read the inventory; name its file with {named_by}", file.display())
    })?;
    let home = std::env::var_os("HOME").map(Into::into);
    Ok(Inventory::parse(&text, &Base { file: file.to_owned(), home })?)
}
