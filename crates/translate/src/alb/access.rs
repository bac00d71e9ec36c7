//! `aclConfig`: which clients may connect.

use model::{AccessList, AccessMode, Reason};

use crate::{
    dialect::{Fields, Problems},
    route::parse_net,
};

pub(super) fn read(mut config: Fields<'_>, problems: &mut Problems) -> Option<AccessList> {
    let kind = config.text("aclType", problems);
    let written = config.texts("aclEntries", problems);
    let ids = config.texts("aclIds", problems);
    let mut entries = Vec::with_capacity(written.len());
    for text in &written {
        match parse_net(text) {
            Ok(net) => entries.push(net),
            Err(wrong) => {
                let text = format!("ACL entry {text:?} is not usable: {wrong}");
                problems.reject(Reason::InvalidField, config.path_of("aclEntries"), text);
            }
        }
    }
    config.accept(&["aclName"]);
    let mode = match kind {
        Some("White") => Some(AccessMode::White),
        Some("Black") => Some(AccessMode::Black),
        _ => None,
    };
    if !written.is_empty() && !ids.is_empty() {
        let text = "aclEntry and aclIds cannot use together: keep aclEntries";
        problems.reject(Reason::InvalidField, config.path_of("aclIds"), text);
    } else if !ids.is_empty() {
        // A list that cannot be read must not open a door: white, it lets nobody in.
        let effect = match mode {
            Some(AccessMode::White) => "nobody may connect",
            _ => "it has no effect",
        };
        let text = format!(
            "no access list has the id {}, so that {effect}: write its addresses in aclEntries",
            ids.join(", ")
        );
        problems.warn(Reason::NotHonoured, config.path_of("aclIds"), text);
    } else if !written.is_empty() && mode.is_none() {
        let text = format!(
            "aclType {:?} is neither White nor Black: write which of them aclEntries are",
            kind.unwrap_or_default()
        );
        problems.reject(Reason::InvalidField, config.path_of("aclType"), text);
    }
    config.finish(problems);
    let is_wanted = !written.is_empty() || (!ids.is_empty() && mode == Some(AccessMode::White));
    mode.filter(|_| is_wanted).map(|mode| AccessList { mode, entries })
}
