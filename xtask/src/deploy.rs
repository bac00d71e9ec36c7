//! Holds `deploy/` and the Dockerfile to the code: every shape of the installation renders, its
//! flags, settings and the metrics of its dashboards exist, and versions agree. What an API
//! server says of the manifests is left to the tests.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{cargo, docs, run};

/// A file below `deploy`, and its text.
type Manifest = (PathBuf, String);

pub fn check(root: &Path) -> Result<()> {
    let manifests = read_all(&root.join("deploy"), &["yaml", "json"])?;
    let mut problems = failed_renderings(&manifests);
    problems.extend(unknown_flags(root, &manifests)?);
    problems.extend(refused_settings(&manifests)?);
    problems.extend(unknown_metrics(root, &manifests)?);
    problems.extend(odd_versions(root, &manifests)?);
    if problems.is_empty() {
        return Ok(());
    }
    bail!("deploy does not fit the code:\n{}", problems.join("\n"))
}

fn failed_renderings(manifests: &[Manifest]) -> Vec<String> {
    if kubectl().args(["version", "--client"]).output().is_ok_and(|told| told.status.success()) {
        return manifests.iter().filter_map(does_not_render).collect();
    }
    eprintln!("deploy: rendering skipped: needs kubectl");
    Vec::new()
}

fn unknown_flags(root: &Path, manifests: &[Manifest]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for (path, text) in manifests {
        if let Some(command) = command_of(text)
            && let Some(problem) = docs::problem_with(root, &command)?
        {
            problems.push(format!("{}: {problem}", path.display()));
        }
    }
    Ok(problems)
}

/// Of every doorward.yaml that is installed. What `check` then finds in the manifests is no matter.
fn refused_settings(manifests: &[Manifest]) -> Result<Vec<String>> {
    const WRONG_USAGE: i32 = 2;
    let mut problems = Vec::new();
    for (path, _) in manifests.iter().filter(|(path, _)| path.ends_with("doorward.yaml")) {
        let mut command = cargo();
        command.args(["run", "--quiet", "--package", "doorward", "--", "check"]);
        let checked = command.arg("examples/quickstart").arg("--config").arg(path).output()?;
        if checked.status.code() == Some(WRONG_USAGE) {
            let said = String::from_utf8_lossy(&checked.stderr);
            problems.extend(said.lines().last().map(str::to_owned));
        }
    }
    Ok(problems)
}

fn unknown_metrics(root: &Path, manifests: &[Manifest]) -> Result<Vec<String>> {
    let charts = manifests.iter().filter(|(path, _)| is_below(path, &["grafana", "prometheus"]));
    let metrics: BTreeSet<_> = charts.flat_map(|(_, text)| metrics_of(text)).collect();
    let sources = read_all(&root.join("crates"), &["rs"])?;
    let nobodys = |metric: &String| !sources.iter().any(|(_, text)| registers(text, metric));
    let unknown = metrics.into_iter().filter(nobodys);
    Ok(unknown.map(|name| format!("a chart or rule shows {name}, which nobody counts")).collect())
}

/// The image is built by the pinned toolchain, and its tag is the version.
fn odd_versions(root: &Path, manifests: &[Manifest]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let read = |name: &str| fs::read_to_string(root.join(name)).with_context(|| name.to_owned());
    let (dockerfile, toolchain) = (read("Dockerfile")?, read("rust-toolchain.toml")?);
    if word_after(&dockerfile, "ARG RUST_VERSION=") != quoted_after(&toolchain, "channel = ") {
        problems.push("Dockerfile: RUST_VERSION is not the channel of rust-toolchain.toml".into());
    }
    let workspace = read("Cargo.toml")?;
    let version = quoted_after(&workspace, "\nversion = ");
    for (path, text) in manifests {
        let tag = word_after(text, "image: doorward:");
        if tag.is_some() && tag != version {
            problems.push(format!("{}: the image's tag is not the version", path.display()));
        }
    }
    Ok(problems)
}

/// What is wrong with the folder of a kustomization, if it can be applied by itself.
fn does_not_render((path, text): &Manifest) -> Option<String> {
    if !path.ends_with("kustomization.yaml") || !text.contains("\nkind: Kustomization\n") {
        return None;
    }
    let error = run(kubectl().arg("kustomize").arg(path.parent()?)).err()?;
    Some(format!("{}: {error:#}", path.display()))
}

/// The machine's, or the one that `cargo xtask peers` brings.
fn kubectl() -> Command {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain([crate::root().join("target/peers/bin")]);
    let mut command = Command::new("kubectl");
    if let Ok(path) = env::join_paths(places) {
        command.env("PATH", path);
    }
    command
}

/// `doorward run` with the flags under `args` of a workload.
fn command_of(manifest: &str) -> Option<String> {
    let (_, args) = manifest.split_once(" args:\n")?;
    let lines = args.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let words: Vec<_> = lines.map_while(|line| line.strip_prefix("- ")).collect();
    Some(format!("doorward {}", words.join(" ")))
}

/// Names of our metrics, as queries use them.
fn metrics_of(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("doorward_")).map(str::to_owned).collect()
}

/// Whether the code registers the metric: OpenMetrics adds the suffix of the type, and that of
/// the unit before it.
fn registers(source: &str, metric: &str) -> bool {
    let mut name = metric;
    for suffix in ["_total", "_bucket", "_count", "_sum"] {
        name = name.strip_suffix(suffix).unwrap_or(name);
    }
    let without_unit = name.strip_suffix("_seconds").unwrap_or(name);
    [name, without_unit].iter().any(|name| source.contains(&format!("\"{name}\"")))
}

fn is_below(path: &Path, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.iter().any(|part| part == *folder))
}

fn quoted_after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split('"').nth(1)
}

fn word_after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_whitespace().next()
}

/// Every file below `folder` with one of these extensions, and its text.
fn read_all(folder: &Path, extensions: &[&str]) -> Result<Vec<Manifest>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| extensions.iter().any(|known| e == *known)) {
                let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                found.push((path, text));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests;
