//! How etcd and the file systems are at the moment of planning: asked of what runs, where
//! [`Facts`](crate::Facts) are read from files.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    HostName,
    life::Life,
    site::{Member, MemberStatus, Room},
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// By host that has etcd; the error says why the member does not answer with quorum.
    pub members: BTreeMap<HostName, Result<MemberHealth, String>>,
    /// Free space where files will be written, by directory.
    pub rooms: BTreeMap<(HostName, PathBuf), Room>,
    /// As an API server tells of it; `None`: none does.
    pub life: Option<Life>,
}

/// A member that answered a linearizable read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberHealth {
    pub status: MemberStatus,
    /// The members as this one knows them.
    pub members: Vec<Member>,
    /// Alarms by name.
    pub alarms: Vec<String>,
}

impl Health {
    /// The host whose member leads, where one does.
    pub fn leader(&self) -> Option<&HostName> {
        self.answering().find_map(|(host, health)| {
            let status = &health.status;
            (status.leader != 0 && status.leader == status.member).then_some(host)
        })
    }

    /// Members that answered.
    pub fn answering(&self) -> impl Iterator<Item = (&HostName, &MemberHealth)> {
        self.members.iter().filter_map(|(host, health)| Some((host, health.as_ref().ok()?)))
    }

    /// What the cluster says of this host's member.
    pub fn member_of(&self, host: &HostName) -> Option<&Member> {
        let health = self.members.get(host)?.as_ref().ok()?;
        health.members.iter().find(|member| member.id == health.status.member)
    }
}
