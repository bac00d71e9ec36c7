//! Runs on real machines: their own sshd, etcd and files, and somebody who writes all the while.
//! Skipped where no such machines can be made.

use std::time::Instant;

use tempfile::TempDir;
use testkit::lab::{Lab, Shape, Timing};

use crate::{
    Inventory, Mode, Ssh,
    census::census,
    discover::gather,
    execute::{Executor, Progress},
    inventory::Base,
    plan::{Wish, decide},
    run::{RunFolder, Scene},
    site::WallClock,
};

struct Aloud;

impl Progress for Aloud {
    fn step(&self, step: &crate::Step, what: &str) {
        eprintln!("{:>3} {what}", step.number);
    }

    fn note(&self, text: &str) {
        eprintln!("    {text}");
    }
}

/// What `find` and `sha256sum` say of every file that a run may touch.
fn files(lab: &Lab) -> Vec<String> {
    let look = "cd / && find var/lib/etcd/cert etc/kubernetes -type f -o -type l | sort | \
                while read -r file; do stat -c '%n %a %U:%G %Y' \"$file\"; \
                sha256sum < \"$file\"; done";
    lab.machines().iter().map(|machine| machine.must(look)).collect()
}

struct Bed {
    lab: Lab,
    inventory: Inventory,
    state: TempDir,
}

impl Bed {
    async fn new(shape: Shape) -> Option<Self> {
        let lab = Lab::start(shape).await?;
        let file = lab.inventory();
        let text = std::fs::read_to_string(&file).unwrap();
        let inventory = Inventory::parse(&text, &Base { file, home: None }).unwrap();
        Some(Self { lab, inventory, state: tempfile::tempdir().unwrap() })
    }

    async fn begin(&self, site: &Ssh, wish: &Wish) -> (RunFolder, Mode) {
        let facts = gather(site, &self.inventory, &WallClock).await;
        let health = census(site, &facts, &self.inventory).await;
        let plan = decide(&facts, &health, wish).unwrap_or_else(|against| panic!("{against:#?}"));
        eprintln!("{plan}");
        let folder = RunFolder::create(self.state.path(), &[]).unwrap();
        folder.begin(&plan, &Scene::of(&facts, &health, &self.inventory), &facts).unwrap();
        (folder, plan.mode)
    }
}

#[tokio::test]
async fn real_members_are_crossed_to_a_new_authority_and_back() {
    let shape = Shape { timing: Timing::Default, ..Shape::default() };
    let Some(bed) = Bed::new(shape).await else { return };
    let before = files(&bed.lab);
    let writer = bed.lab.writer().await;
    let site = Ssh::new(&bed.inventory).unwrap();
    let (folder, mode) = bed.begin(&site, &Wish::default()).await;
    assert_eq!(mode, Mode::Cross);
    let who = || "root@ops1 pid 1".to_owned();
    let begun = Instant::now();
    let mut executor = Executor::open(&site, &WallClock, &Aloud, &folder, who()).unwrap();
    executor.forward().await.unwrap_or_else(|halt| panic!("{halt}"));
    eprintln!("renewed in {:?}", begun.elapsed());
    let mut executor = Executor::open(&site, &WallClock, &Aloud, &folder, who()).unwrap();
    executor.back().await.unwrap_or_else(|halt| panic!("{halt}"));
    let report = writer.report().await;
    eprintln!("{report:?}");
    report.assert_nothing_lost();
    for (was, is) in before.iter().zip(files(&bed.lab)) {
        assert_eq!(*was, is);
    }
}
