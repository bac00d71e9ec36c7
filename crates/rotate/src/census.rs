//! How etcd is, how much room there is and how nodes and controllers are, asked of what runs: what
//! a plan and its run need to know beside the files.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use futures::future::join_all;

use crate::{
    Facts, Health, HostName, Inventory, Program, Site,
    face::Faces,
    health::MemberHealth,
    last_words, life,
    run::Scene,
    site::{EtcdAnswer, EtcdAsk, Room},
};

/// Asks all hosts at once. What cannot be asked is an answer too.
pub async fn census(site: &impl Site, facts: &Facts, inventory: &Inventory) -> Health {
    let scene = Scene::of(facts, &Health::default(), inventory);
    let faces = Faces { scene: &scene, contents: facts };
    let members = scene.hosts_of(Program::Etcd).into_iter().map(async |host| {
        let answer = match member(&faces, site, host).await {
            Err(why) => Err(last_words(&scene, site, host).await.unwrap_or(why)),
            answer => answer,
        };
        (host.clone(), answer)
    });
    let rooms = scene.hosts.iter().map(|(host, seen)| {
        let targets = seen.files.values().filter_map(|file| file.target.parent());
        room(site, host, targets.map(Path::to_owned).collect())
    });
    let (members, rooms, life) =
        futures::join!(join_all(members), join_all(rooms), life::look(site, &faces, facts.now));
    Health {
        members: members.into_iter().collect(),
        rooms: rooms.into_iter().flatten().collect(),
        life,
    }
}

async fn member(
    faces: &Faces<'_, Facts>,
    site: &impl Site,
    host: &HostName,
) -> Result<MemberHealth, String> {
    let other = |answer: EtcdAnswer| format!("an answer to another question: {answer:?}");
    faces.ask(site, host, EtcdAsk::Health).await?;
    let status = match faces.ask(site, host, EtcdAsk::Status).await? {
        EtcdAnswer::Status(status) => status,
        answer => return Err(other(answer)),
    };
    let members = match faces.ask(site, host, EtcdAsk::Members).await? {
        EtcdAnswer::Members { members, .. } => members,
        answer => return Err(other(answer)),
    };
    let alarms = match faces.ask(site, host, EtcdAsk::Alarms).await? {
        EtcdAnswer::Alarms(alarms) => alarms,
        answer => return Err(other(answer)),
    };
    Ok(MemberHealth { status, members, alarms })
}

/// Where the member does not run, what it said before it ended says more than a closed port.
async fn last_words(scene: &Scene, site: &impl Site, host: &HostName) -> Option<String> {
    let run_by = &scene.component(host, Program::Etcd)?.run_by;
    let Ok(None) = site.process(host, Program::Etcd, run_by).await else { return None };
    let lines = site.last_words(host, Program::Etcd, run_by).await.ok()?;
    Some(format!("it does not run: \"{}\"", last_words::reason(&lines)?))
}

/// A directory that cannot be looked at is left out; whoever writes there is told why.
async fn room(
    site: &impl Site,
    host: &HostName,
    directories: BTreeSet<PathBuf>,
) -> BTreeMap<(HostName, PathBuf), Room> {
    let mut rooms = BTreeMap::new();
    for directory in directories {
        if let Ok(room) = site.room(host, &directory).await {
            rooms.insert((host.clone(), directory), room);
        }
    }
    rooms
}
