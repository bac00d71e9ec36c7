use std::process::Command;

use super::*;

#[test]
fn a_wrapper_sets_what_it_was_told_and_passes_its_arguments_on() {
    let folder = tempfile::tempdir().unwrap();
    let before = "export GREETING=hello\n";
    write_wrapper(folder.path(), "greet", before, Path::new("/bin/sh")).unwrap();
    let output = Command::new(folder.path().join("bin/greet"))
        .args(["-c", "echo $GREETING \"$1\"", "-", "a b"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hello a b\n");
}

#[test]
fn the_tests_set_is_part_of_the_benches_set() {
    assert!(Set::Tests < Set::Benches);
}
