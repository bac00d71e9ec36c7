//! The operator's folder.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::{
    Health, Inventory, Plan,
    example::{Ack, healthy},
    facts::Content,
    plan::{Wish, decide},
};

fn begun(state: &std::path::Path) -> (RunFolder, Plan) {
    let facts = Ack::default().facts();
    let plan = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
    let inventory = Inventory {
        name: "test".to_owned(),
        ssh: crate::inventory::SshSettings::default(),
        layout: crate::inventory::Layout::Auto,
        hosts: Vec::new(),
    };
    let scene = Scene::of(&facts, &Health::default(), &inventory);
    let folder = RunFolder::create(state, &[]).expect("a folder");
    folder.begin(&plan, &scene, &facts).expect("a run");
    (folder, plan)
}

#[test]
fn runs_are_counted_past_those_that_other_operators_left_on_the_hosts() {
    let state = tempfile::tempdir().expect("a folder");
    let first = RunFolder::create(state.path(), &["R7".to_owned(), "lock.d".to_owned()]);
    assert_eq!(first.expect("a run").id(), "R8");
    assert_eq!(RunFolder::create(state.path(), &[]).expect("a run").id(), "R9");
}

#[test]
fn a_run_is_opened_by_its_number_or_the_newest_and_never_twice_at_once() {
    let state = tempfile::tempdir().expect("a folder");
    let none = RunFolder::open(state.path(), None).expect_err("no run");
    assert!(matches!(none, RunError::None { .. }), "{none}");
    assert!(none.to_string().contains("--state"), "{none}");
    let none = RunFolder::open(state.path(), Some("R1")).expect_err("no run");
    assert!(none.to_string().ends_with("in which one was begun"), "{none}");
    let (first, plan) = begun(state.path());
    let (second, _) = begun(state.path());
    let busy = RunFolder::open(state.path(), Some("R2")).expect_err("it is open");
    assert!(matches!(busy, RunError::Busy { .. }), "{busy}");
    drop((first, second));
    assert_eq!(RunFolder::open(state.path(), None).expect("a run").id(), "R2");
    let first = RunFolder::open(state.path(), Some("R1")).expect("a run");
    assert_eq!(first.plan().expect("its plan"), plan);
    let unknown = RunFolder::open(state.path(), Some("R3")).expect_err("there is none");
    let text = unknown.to_string();
    assert!(text.starts_with("there is no run R3 under"), "{text}");
    assert!(text.ends_with("; there are R1, R2"), "{text}");
}

#[test]
fn a_folder_that_was_cut_off_before_its_plan_is_no_run() {
    let state = tempfile::tempdir().expect("a folder");
    drop(begun(state.path()));
    drop(RunFolder::create(state.path(), &[]).expect("a folder"));
    assert_eq!(RunFolder::open(state.path(), None).expect("a run").id(), "R1");
}

#[test]
fn everything_in_it_is_for_its_owner_only() {
    let state = tempfile::tempdir().expect("a folder");
    let (folder, _) = begun(state.path());
    let mut folders = vec![folder.path().to_owned()];
    while let Some(path) = folders.pop() {
        let mode = std::fs::metadata(&path).expect("a folder").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
        for entry in std::fs::read_dir(&path).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
                    let is_lock = path.ends_with("lock");
                    assert!(is_lock || mode & 0o077 == 0, "{}", path.display());
                }
            }
        }
    }
}

#[test]
fn a_content_that_is_not_what_its_name_says_is_not_used() {
    let state = tempfile::tempdir().expect("a folder");
    let (folder, _) = begun(state.path());
    let digest = folder.keep(&Content::new(b"a key".to_vec())).expect("kept");
    assert_eq!(folder.content(&digest).expect("kept").bytes(), b"a key");
    std::fs::write(folder.path().join("contents").join(&digest), b"another").expect("damage");
    let damaged = folder.content(&digest).expect_err("damage");
    assert!(matches!(damaged, RunError::Damaged { .. }), "{damaged}");
}

#[test]
fn a_line_of_the_journal_that_a_kill_cut_short_is_left_out() {
    let state = tempfile::tempdir().expect("a folder");
    let (folder, _) = begun(state.path());
    let line = crate::journal::Line {
        run: folder.id().to_owned(),
        step: 1,
        event: crate::journal::Event::Begin,
        host: None,
        what: "issue".to_owned(),
        files: Vec::new(),
        at: crate::example::now(),
    };
    folder.append(&line).expect("a line");
    let path = folder.path().join("journal.jsonl");
    let text = std::fs::read_to_string(&path).expect("the journal");
    std::fs::write(&path, text.clone() + &text[..20]).expect("a cut");
    assert_eq!(folder.journal().expect("the journal"), [line]);
}

#[test]
fn limits_are_kept_with_the_run() {
    let state = tempfile::tempdir().expect("a folder");
    let (folder, _) = begun(state.path());
    assert_eq!(folder.limits().expect("the usual ones"), Limits::default());
    let limits = Limits { stop: std::time::Duration::from_secs(90), ..Limits::default() };
    folder.save_limits(&limits).expect("kept");
    drop(folder);
    let again = RunFolder::open(state.path(), None).expect("the run");
    assert_eq!(again.limits().expect("kept"), limits);
}
