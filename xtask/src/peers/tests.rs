use std::process::Command;

use super::*;

const GREET: Tool = python("greet", "greeter", "bin/greet.sh", Set::Tests);

/// A folder of tools with one that says where it is and what it was given.
fn folder_with_a_tool() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(GREET.program());
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, "#!/bin/sh\necho hello \"$1\"\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    write_wrapper(folder.path(), &GREET).unwrap();
    folder
}

#[test]
fn a_wrapper_passes_its_arguments_on_by_whatever_name_it_is_reached() {
    let folder = folder_with_a_tool();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("peers");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    for name in [folder.path(), &link] {
        let output = Command::new(name.join("bin/greet")).arg("a b").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "hello a b\n");
    }
}

#[test]
fn a_folder_that_moved_still_has_its_tools() {
    let folder = folder_with_a_tool();
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("moved");
    fs::rename(folder.path(), &moved).unwrap();
    assert!(is_brought(&GREET, &moved));
    let output = Command::new(moved.join("bin/greet")).arg("again").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hello again\n");
}

#[test]
fn a_tool_without_its_program_is_brought_again() {
    let folder = folder_with_a_tool();
    assert!(is_brought(&GREET, folder.path()));
    fs::remove_file(folder.path().join(GREET.program())).unwrap();
    assert!(!is_brought(&GREET, folder.path()));
}

#[test]
fn a_wrapper_of_another_time_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let tool = TOOLS.iter().find(|tool| tool.name == "envoy").unwrap();
    let program = folder.path().join(tool.program());
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::write(&program, "").unwrap();
    let wrapper = folder.path().join("bin/envoy");
    fs::create_dir_all(wrapper.parent().unwrap()).unwrap();
    fs::write(&wrapper, "#!/bin/sh\nexec '/somewhere/that/is/gone' \"$@\"\n").unwrap();
    renew_wrappers(folder.path());
    assert!(!fs::read_to_string(&wrapper).unwrap().contains("gone"));
    fs::remove_file(&program).unwrap();
    renew_wrappers(folder.path());
    assert!(!wrapper.exists(), "a wrapper of nothing");
}

#[test]
fn the_tests_set_is_part_of_the_benches_set() {
    assert!(Set::Tests < Set::Benches);
}
