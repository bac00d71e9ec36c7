//! One look at all hosts, over the user's own ssh.

use anyhow::{Context, Result};
use rotate::{Facts, Inventory, Ssh, discover, site::WallClock};

/// The hosts of the inventory; connections are made when they are needed.
pub fn site(inventory: &Inventory) -> Result<Ssh> {
    Ssh::new(inventory).context("cannot make a folder for the connections of ssh")
}

pub fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

pub fn gather(inventory: &Inventory) -> Result<Facts> {
    let site = site(inventory)?;
    Ok(runtime()?.block_on(discover::gather(&site, inventory, &WallClock)))
}
