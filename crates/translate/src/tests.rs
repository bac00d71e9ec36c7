//! The whole translation, told as cases: one YAML file under `testdata/` each.
//!
//! `cargo test -p translate regenerate -- --ignored` writes what comes out into the files; read
//! the difference before you commit it.
#![expect(clippy::disallowed_methods, reason = "golden cases are files")]

mod case;
mod facts;
mod golden;
mod objects;
mod show;
mod ties;

use std::path::{Path, PathBuf};

pub use facts::{Facts, at};
pub use objects::Source;

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let groups = entries(&root).into_iter().filter(|path| path.is_dir());
    groups.filter(|group| !group.ends_with("base")).flat_map(|group| entries(&group)).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn golden_cases() {
    let mut failures = Vec::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let case = case::Case::parse(&file, &text);
        for (step, outcome) in case.steps.iter().zip(golden::run(&file, &case)) {
            if step.expect.trim() != outcome.trim() {
                failures.push(format!(
                    "{} step {:?}\n--- expected\n{}\n--- came out\n{}",
                    file.display(),
                    step.name,
                    step.expect,
                    outcome
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
#[ignore = "rewrites the golden files"]
fn regenerate() {
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let case = case::Case::parse(&file, &text);
        let new = golden::rewrite(&text, &golden::run(&file, &case));
        if new != text {
            std::fs::write(&file, new).unwrap();
        }
    }
}
