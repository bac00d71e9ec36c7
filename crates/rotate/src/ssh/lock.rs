//! The lock of a host, and the journal that it keeps.

use std::path::Path;

use super::{
    connection::{Connection, SCRIPT, mark},
    script::Script,
};
use crate::{SiteError, journal::LockOwner};

pub async fn lock(
    connection: &Connection,
    state: &Path,
    owner: &LockOwner,
) -> Result<Option<LockOwner>, SiteError> {
    let text = serde_json::to_string(owner).expect("an owner is three strings");
    let script = Script::new(include_str!("scripts/lock.sh"))
        .path("state", state)
        .set("turn", mark())
        .set("owner", text);
    let answer = connection.run(&script, SCRIPT).await?;
    let Some(held) = answer.line("held") else { return Ok(None) };
    let holder = held.bytes(0).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let holder: LockOwner = holder.ok_or_else(|| {
        let folder = state.join("lock.d");
        connection.refused(format!(
            "{} says not who locked this host. If nobody does, take it away",
            folder.display()
        ))
    })?;
    Ok(Some(holder).filter(|holder| holder != owner))
}

pub async fn unlock(connection: &Connection, state: &Path) -> Result<(), SiteError> {
    let script = Script::new(include_str!("scripts/unlock.sh")).path("state", state);
    connection.run(&script, SCRIPT).await.map(drop)
}

pub async fn append(connection: &Connection, path: &Path, line: &str) -> Result<(), SiteError> {
    let script =
        Script::new(include_str!("scripts/append.sh")).path("path", path).set("line", line);
    connection.run(&script, SCRIPT).await.map(drop)
}
