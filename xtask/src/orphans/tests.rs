use super::*;

fn package(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[package]\n").unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_file_is_reached_through_any_shape_of_mod_line() {
    let folder = package(&[
        ("src/lib.rs", "pub mod a;\n#[cfg(test)]\nmod tests;"),
        ("src/tests.rs", ""),
        ("src/a.rs", "pub(super) mod b;\n#[path = \"elsewhere.rs\"]\nmod c;"),
        ("src/a/b.rs", ""),
        ("src/elsewhere.rs", ""),
        ("tests/it/main.rs", "mod story;"),
        ("tests/it/story.rs", ""),
        ("benches/one.rs", ""),
    ]);
    check(folder.path()).unwrap();
}

#[test]
fn a_file_without_a_mod_line_is_named() {
    let folder = package(&[("src/main.rs", "// mod forgotten;"), ("src/forgotten.rs", "")]);
    let error = check(folder.path()).unwrap_err().to_string();
    assert!(error.contains("src/forgotten.rs"), "{error}");
}
