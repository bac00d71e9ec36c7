//! Steps in words, for the screen and the journal.

use crate::{Act, plan::Change};

/// `leaf 10.0.0.2: etcd, 4 files` and the like.
pub fn of(act: &Act) -> String {
    match act {
        Act::Lock { host } => format!("lock {host}"),
        Act::Snapshot { host } => format!("snapshot of etcd from {host}"),
        Act::Issue => "issue keys and certificates".to_owned(),
        Act::Stage { host } => format!("stage on {host}"),
        Act::Backup { host } => format!("backup of {host}"),
        Act::Change(change) => change_words(change),
        Act::Sweep { program, changes } => {
            let hosts: Vec<&str> = changes.iter().map(|change| change.host.0.as_str()).collect();
            format!("stop, write and start {program} on {}", hosts.join(", "))
        }
        Act::Verify => "verify".to_owned(),
        Act::Clear { host } => format!("clear what was staged on {host}"),
        Act::Unlock { host } => format!("unlock {host}"),
    }
}

fn change_words(change: &Change) -> String {
    let files = match change.places.len() {
        0 => String::new(),
        1 => ", 1 file".to_owned(),
        count => format!(", {count} files"),
    };
    let restart = if change.restart { ", restart" } else { "" };
    format!("{} on {}{files}{restart}", change.program, change.host)
}
