//! Finds .rs files that no `mod` line reaches: the compiler never sees them, so neither do
//! clippy, the tests or anyone who changes a name.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Where cargo begins to read by itself, below a crate's folder.
const ROOTS: [&str; 3] = ["src/lib.rs", "src/main.rs", "build.rs"];

pub fn check(root: &Path) -> Result<()> {
    let mut orphans = Vec::new();
    for package in packages(root)? {
        orphans.extend(orphans_of(&package)?);
    }
    if orphans.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = orphans.iter().map(|path| path.display().to_string()).collect();
    bail!("no mod line reaches {}; add one, or delete the file", list.join(", "))
}

/// Folders that hold a Cargo.toml with a package, anywhere below `root` but in `target`.
fn packages(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let manifest = folder.join("Cargo.toml");
        if fs::read_to_string(manifest).is_ok_and(|text| text.contains("[package]")) {
            found.push(folder);
            continue;
        }
        for entry in fs::read_dir(&folder)?.flatten() {
            let name = entry.file_name();
            let skipped = name == "target" || name.as_encoded_bytes().starts_with(b".");
            if entry.file_type()?.is_dir() && !skipped {
                folders.push(entry.path());
            }
        }
    }
    Ok(found)
}

fn orphans_of(package: &Path) -> Result<Vec<PathBuf>> {
    let mut reached = BTreeSet::new();
    for root in ROOTS {
        follow(&package.join(root), true, &mut reached)?;
    }
    for folder in ["tests", "benches", "examples", "src/bin", "fuzz_targets"] {
        for path in rust_files(&package.join(folder), false)? {
            follow(&path, true, &mut reached)?;
        }
        // A folder with a main.rs is a target of its own.
        let Ok(entries) = fs::read_dir(package.join(folder)) else { continue };
        for entry in entries.flatten() {
            follow(&entry.path().join("main.rs"), true, &mut reached)?;
        }
    }
    let mut all = rust_files(package, true)?;
    all.retain(|path| !reached.contains(path));
    Ok(all)
}

/// Follows the `mod` lines of one file. `is_root` is a file whose modules lie beside it.
fn follow(file: &Path, is_root: bool, reached: &mut BTreeSet<PathBuf>) -> Result<()> {
    let Ok(text) = fs::read_to_string(file) else { return Ok(()) };
    if !reached.insert(file.to_owned()) {
        return Ok(());
    }
    let beside = file.parent().context("a file has a folder")?;
    let below = match is_root || file.file_name().is_some_and(|name| name == "mod.rs") {
        true => beside.to_owned(),
        false => file.with_extension(""),
    };
    let mut given_path = None;
    for line in text.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("#[path = \"").and_then(|l| l.split('"').next()) {
            given_path = Some(beside.join(path));
        } else if let Some(name) = declared(line) {
            let places = match given_path.take() {
                Some(path) => vec![path],
                None => vec![below.join(format!("{name}.rs")), below.join(name).join("mod.rs")],
            };
            for place in places {
                follow(&place, false, reached)?;
            }
        }
    }
    Ok(())
}

/// The name in `mod name;`, whatever stands before it.
fn declared(line: &str) -> Option<&str> {
    let before = line.strip_suffix(';')?;
    let (visibility, name) = before.rsplit_once("mod ")?;
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_visibility = visibility.is_empty() || visibility.starts_with("pub");
    (is_name && is_visibility).then_some(name)
}

fn rust_files(folder: &Path, deep: bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(found) };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if deep && entry.file_name() != "target" {
                found.extend(rust_files(&path, true)?);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
