//! `acl-id`, `acl-status`, `acl-type`: which clients may connect.
//!
//! The ids name IP groups of the cloud, which hold the addresses and which nobody here can read.
//! Addresses and networks in their place are taken as they are.

use model::{AccessList, AccessMode};

use crate::route::{Reader, parse_net};

pub(super) fn read(reader: &mut Reader<'_>) -> Option<AccessList> {
    let written = reader.list("acl-id");
    let states = [("on", true), ("true", true), ("off", false), ("false", false)];
    let status = reader.choice("acl-status", &states);
    let modes = [("white", AccessMode::White), ("black", AccessMode::Black)];
    let mode = reader.choice("acl-type", &modes);
    if written.is_empty() {
        return None;
    }
    for (name, words) in [("acl-status", "on or off"), ("acl-type", "white or black")] {
        if reader.text(name).is_none() {
            reader.reject(name, format!("acl-id needs {name} beside it: write {words}"));
        }
    }
    let mode = mode.filter(|_| status == Some(true))?;
    let (nets, groups): (Vec<_>, Vec<_>) =
        written.into_iter().map(|text| parse_net(text).map_err(|_| text)).partition(Result::is_ok);
    let entries: Vec<_> = nets.into_iter().flatten().collect();
    let groups: Vec<&str> = groups.into_iter().filter_map(Result::err).collect();
    if !groups.is_empty() {
        // A list that cannot be read must not open a door: white, it lets nobody in.
        let effect = match (mode, entries.is_empty()) {
            (AccessMode::White, true) => "nobody may connect",
            (AccessMode::White, false) => "only the addresses beside it may connect",
            (AccessMode::Black, true) => "everybody may connect",
            (AccessMode::Black, false) => "only the addresses beside it are refused",
        };
        let text = format!(
            "IP group {} is the cloud's and cannot be read here, so that {effect}: write its addresses in its place",
            groups.join(", ")
        );
        reader.not_honoured("acl-id", text);
    }
    let is_wanted = mode == AccessMode::White || !entries.is_empty();
    is_wanted.then_some(AccessList { mode, entries })
}
