//! All ways through a plan: hosts of a phase in any order, cut off between any two files, programs
//! that start anew when nobody asked them to, and back again from anywhere.

use std::{collections::BTreeMap, path::PathBuf};

use proptest::{prelude::*, sample::Index};

use crate::{
    Facts, HostName, Plan, Program, Reread,
    example::{Ack, healthy, now},
    health::Health,
    matrix::{self, Presents, Trusts},
    plan::{Act, Change, Mode, Phase, Setting, Stage, Wish, decide, scope::Scope},
};

/// What a file holds of one authority or one leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Trust(Trusts),
    Leaf(Presents),
}

type File = (HostName, PathBuf, String);

/// Files as they are now, and trust as each process loaded it when it started.
struct World {
    scope: Scope,
    files: BTreeMap<File, Vec<Holds>>,
    loaded: BTreeMap<(File, Program), Trusts>,
}

impl World {
    fn new(facts: &Facts) -> Self {
        let scope = Scope::of(facts, &Health::default(), &Wish::default());
        let mut world = Self { scope, files: BTreeMap::new(), loaded: BTreeMap::new() };
        for spot in &world.scope.trusts {
            for id in &spot.authorities {
                let file = (spot.host.clone(), spot.path.clone(), id.clone());
                world.files.insert(file, vec![Holds::Trust(Trusts::Old)]);
            }
        }
        for leaf in &world.scope.leaves {
            for spot in &leaf.spots {
                let file = (spot.host.clone(), spot.certificate.clone(), leaf.id.clone());
                world.files.insert(file, vec![Holds::Leaf(Presents::Old)]);
            }
        }
        for host in world.scope.hosts() {
            world.start(&host, Program::Etcd);
            world.start(&host, Program::KubeApiserver);
        }
        world
    }

    /// The process loads what its files say at this moment.
    fn start(&mut self, host: &HostName, program: Program) {
        for spot in &self.scope.trusts {
            if spot.host != *host || spot.program != program || spot.reread != Reread::AtStart {
                continue;
            }
            for id in &spot.authorities {
                let file = (host.clone(), spot.path.clone(), id.clone());
                if let Some(Holds::Trust(trusts)) = self.files[&file].last() {
                    self.loaded.insert((file, program), *trusts);
                }
            }
        }
    }

    /// Writes the first `places` files of a change; all of them and its restart if `None`.
    fn go(&mut self, change: &Change, places: Option<usize>) {
        for place in change.places.iter().take(places.unwrap_or(usize::MAX)) {
            for (id, holds) in place.settings.iter().filter_map(content) {
                let file = (change.host.clone(), place.path.clone(), id);
                if let Some(history) = self.files.get_mut(&file) {
                    history.push(holds);
                }
            }
        }
        if places.is_none() && change.restart {
            self.start(&change.host, change.program);
        }
    }

    /// The same change backwards: each file to what it held before, then the restart.
    fn back(&mut self, change: &Change, places: Option<usize>) {
        for place in change.places.iter().rev().take(places.unwrap_or(usize::MAX)) {
            for (id, _) in place.settings.iter().filter_map(content) {
                let file = (change.host.clone(), place.path.clone(), id);
                if let Some(history) = self.files.get_mut(&file) {
                    assert!(history.len() > 1, "{file:?} goes back further than it came");
                    history.pop();
                }
            }
        }
        if places.is_none() && change.restart {
            self.start(&change.host, change.program);
        }
    }

    /// Everybody accepts everybody, as matters to each authority.
    fn check(&self, after: &str) -> Result<(), TestCaseError> {
        for authority in &self.scope.authorities {
            let trusts = self.loaded.iter().filter(|((file, _), _)| file.2 == authority.id);
            let trusts: Vec<Trusts> = trusts.map(|(_, trusts)| *trusts).collect();
            let leaves: Vec<&str> = self
                .scope
                .leaves
                .iter()
                .filter(|leaf| leaf.authority == authority.id)
                .map(|leaf| leaf.id.as_str())
                .collect();
            let presents: Vec<Presents> = self
                .files
                .iter()
                .filter(|(file, _)| leaves.contains(&file.2.as_str()))
                .filter_map(|(_, history)| match history.last() {
                    Some(Holds::Leaf(presents)) => Some(*presents),
                    _ => None,
                })
                .collect();
            prop_assert!(
                matrix::is_safe(trusts.iter().copied(), presents.iter().copied()),
                "{}: {trusts:?} and {presents:?} after {after}",
                authority.id
            );
        }
        Ok(())
    }
}

fn content(setting: &Setting) -> Option<(String, Holds)> {
    match setting {
        Setting::Trust { authority, stage } => Some((
            authority.clone(),
            Holds::Trust(match stage {
                Stage::Old => Trusts::Old,
                Stage::Both => Trusts::Both,
                Stage::New => Trusts::New,
            }),
        )),
        Setting::Certificate { leaf, crossed } => {
            let presents = if *crossed { Presents::Crossed } else { Presents::New };
            Some((leaf.clone(), Holds::Leaf(presents)))
        }
        Setting::Key { .. } | Setting::AuthorityKey { .. } | Setting::Flag { .. } => None,
    }
}

fn changes(plan: &Plan, phase: Phase) -> Vec<Change> {
    let steps = plan.steps.iter().filter(|step| step.phase == phase);
    steps
        .filter_map(|step| match &step.act {
            Act::Change(change) => Some(change.clone()),
            _ => None,
        })
        .collect()
}

/// A cluster with a plan for it; made once, since keys take time.
fn cases() -> &'static [(Facts, Plan)] {
    static CASES: std::sync::OnceLock<Vec<(Facts, Plan)>> = std::sync::OnceLock::new();
    CASES.get_or_init(|| {
        let clusters = [1, 3, 5].into_iter().flat_map(|masters| {
            [false, true].map(|one_ca| Ack { masters, one_ca, ..Ack::default() })
        });
        clusters
            .flat_map(|ack| {
                let facts = ack.facts();
                assert_eq!(facts.now, now());
                [Mode::Cross, Mode::Bundle].map(|mode| {
                    let wish = Wish { mode: Some(mode), ..Wish::default() };
                    let plan = decide(&facts, &healthy(&facts), &wish).expect("a plan");
                    (facts.clone(), plan)
                })
            })
            .collect()
    })
}

/// Each phase in an order of its own, one phase after the other.
fn shuffled(plan: &Plan, picks: &[Index]) -> Vec<Change> {
    let mut picks = picks.iter().cycle();
    let mut order = Vec::new();
    for phase in [Phase::Trust, Phase::Leaves, Phase::Flip] {
        let mut left = changes(plan, phase);
        while !left.is_empty() {
            let pick = picks.next().map_or(0, |pick| pick.index(left.len()));
            order.push(left.remove(pick));
        }
    }
    order
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_state_of_every_way_is_one_in_which_all_accept_all(
        case in any::<Index>(),
        picks in proptest::collection::vec(any::<Index>(), 40),
        cut in any::<Index>(),
        places in 0_usize..8,
        restarts in proptest::collection::vec((any::<Index>(), any::<Index>(), any::<bool>()), 12),
    ) {
        let (facts, plan) = case.get(cases());
        let mut world = World::new(facts);
        let way = shuffled(plan, &picks);
        let hosts: Vec<HostName> = facts.hosts.keys().cloned().collect();
        let mut restarts_left = restarts.iter();
        let mut unasked = |world: &mut World| {
            if let Some((when, host, is_etcd)) = restarts_left.next()
                && when.index(2) == 0
            {
                let program = if *is_etcd { Program::Etcd } else { Program::KubeApiserver };
                world.start(host.get(&hosts), program);
            }
        };

        // Forwards to any change, and into it up to any file.
        let end = cut.index(way.len());
        for change in &way[..end] {
            for count in 0..change.places.len() {
                let mut partly = change.clone();
                partly.places = change.places[count..=count].to_vec();
                world.go(&partly, Some(1));
                world.check(&format!("{} of {change}", change.places[count]))?;
                unasked(&mut world);
                world.check("an unasked restart")?;
            }
            if change.restart {
                world.start(&change.host, change.program);
            }
            world.check(&change.to_string())?;
        }
        let broken = &way[end];
        let places = places.min(broken.places.len());
        world.go(broken, Some(places));
        world.check(&format!("{places} files of {broken}"))?;
        unasked(&mut world);
        world.check("an unasked restart in the middle")?;

        // And all the way back.
        let mut written = broken.clone();
        written.places.truncate(places);
        world.back(&written, None);
        world.check(&format!("{broken}, undone"))?;
        for change in way[..end].iter().rev() {
            world.back(change, None);
            world.check(&format!("{change}, undone"))?;
            unasked(&mut world);
            world.check("an unasked restart on the way back")?;
        }
        prop_assert!(world.files.values().all(|history| history.len() == 1));
    }
}

#[test]
fn at_the_end_only_the_new_authority_is_trusted_and_presented() {
    for (facts, plan) in cases() {
        let mut world = World::new(facts);
        for phase in [Phase::Trust, Phase::Leaves, Phase::Flip] {
            changes(plan, phase).iter().for_each(|change| world.go(change, None));
        }
        assert!(world.loaded.values().all(|trusts| *trusts == Trusts::New));
        assert!(
            world
                .files
                .values()
                .all(|history| { !matches!(history.last(), Some(Holds::Leaf(Presents::Old))) })
        );
    }
}

#[test]
fn each_member_restarts_once_when_crossed_and_twice_with_a_bundle() {
    for (facts, plan) in cases() {
        let expected = if plan.mode == Mode::Cross { 1 } else { 2 };
        for host in facts.hosts.keys() {
            let restarts = [Phase::Trust, Phase::Leaves, Phase::Flip]
                .into_iter()
                .flat_map(|phase| changes(plan, phase))
                .filter(|change| change.restart && change.host == *host)
                .filter(|change| change.program == Program::Etcd)
                .count();
            assert_eq!(restarts, expected, "{host} in mode {}", plan.mode);
        }
    }
}
