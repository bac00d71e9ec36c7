//! The real tools that tests talk to: curl, openssl and the like.

use std::{
    env,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
};

/// The tool's path: what `cargo xtask test` brought, else what the machine has. `None` tells the
/// test to return; the line on stderr says so even when the test's output is captured.
pub fn need(tool: &str) -> Option<PathBuf> {
    let found = find(tool);
    if found.is_none() {
        skip(&format!("{tool}; 'cargo xtask test' brings it"));
    }
    found
}

/// Tells which test is skipped and what it lacks.
pub fn skip(lacks: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // A line that cannot be written cannot be reported either.
    let _ = std::io::stderr().write_all(format!("skipped: {test}: needs {lacks}\n").as_bytes());
}

/// The tool's program itself, where a script in front of it prepares its surroundings.
pub fn program(tool: &str) -> Option<PathBuf> {
    let found = find(tool)?;
    let Ok(script) = std::fs::read_to_string(&found) else { return Some(found) };
    let (_, rest) = script.lines().last()?.split_once("exec \"$here/")?;
    let (program, _) = rest.split_once('"')?;
    // The script lies in `bin`, beside what `$here` means.
    Some(found.canonicalize().ok()?.parent()?.parent()?.join(program))
}

/// Where `cargo xtask test` puts what it brings.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/bin")
}

fn find(tool: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    std::iter::once(folder())
        .chain(env::split_paths(&path))
        .map(|folder| folder.join(tool))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn finds_what_the_machine_has_and_misses_what_it_has_not() {
        assert!(super::find("sh").is_some());
        assert!(super::find("no-such-tool-anywhere").is_none());
    }
}
