//! Debian packages without root: apt's own lists and cache under `target/peers`, each package
//! unpacked into one tree, and a script per tool that finds its libraries there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{Origin, Tool, say, write_wrapper};
use crate::run;

/// Where the packages are unpacked in the folder.
pub const TREE: &str = "root";

pub fn bring(tools: &[&&Tool], folder: &Path) -> Result<()> {
    if tools.is_empty() {
        return Ok(());
    }
    let apt = Apt::in_folder(&folder.join("apt"))?;
    say("debian: reading the package lists");
    apt.update()?;
    let wanted: Vec<_> = tools.iter().filter_map(|tool| package_of(tool)).collect();
    let packages = apt.with_dependencies(&wanted)?;
    say(&format!("debian: fetching {} packages", packages.len()));
    let tree = folder.join(TREE);
    for archive in apt.download(&packages)? {
        run(Command::new("dpkg").arg("-x").arg(&archive).arg(&tree))?;
    }
    for tool in tools {
        if !folder.join(tool.program()).is_file() {
            let path = tool.program();
            bail!("{} is not where its package should have it: {}", tool.name, path.display());
        }
        write_wrapper(folder, tool)?;
        say(&format!("debian: {} is here", tool.name));
    }
    Ok(())
}

fn package_of(tool: &Tool) -> Option<&'static str> {
    match tool.from {
        Origin::Debian { package, .. } => Some(package),
        Origin::Python { .. } => None,
    }
}

/// apt with the machine's sources and keys and its record of what is installed, but with lists
/// and cache of our own: the machine's may be missing, old, or not ours to write.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn in_folder(folder: &Path) -> Result<Self> {
        for part in ["state/lists/partial", "cache/archives/partial", "archives"] {
            fs::create_dir_all(folder.join(part))
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        let folder = self.folder.display();
        command.current_dir(self.folder.join("archives")).env("LC_ALL", "C").args([
            "-q",
            "-o",
            &format!("Dir::State={folder}/state"),
            "-o",
            &format!("Dir::Cache={folder}/cache"),
            // Else root's apt fetches as a user who may not write here.
            "-o",
            "APT::Sandbox::User=root",
            "-o",
            "Acquire::Retries=3",
            "-o",
            "Acquire::http::Timeout=30",
        ]);
        command
    }

    /// A third-party source that does not answer is no reason to stop: what counts is whether
    /// the packages are found.
    fn update(&self) -> Result<()> {
        if let Err(error) = run(self.command().arg("update")) {
            let lists = fs::read_dir(self.folder.join("state/lists"))?;
            if !lists
                .flatten()
                .any(|file| file.file_name().display().to_string().contains("Packages"))
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// `NAME=VERSION` of each package that is not on the machine and has to be.
    fn with_dependencies(&self, packages: &[&str]) -> Result<Vec<String>> {
        let plan = run(self
            .command()
            .args(["install", "--simulate", "--no-install-recommends", "--no-remove"])
            .args(packages))?;
        Ok(plan.lines().filter_map(planned).collect())
    }

    fn download(&self, packages: &[String]) -> Result<Vec<PathBuf>> {
        run(self.command().arg("download").args(packages))?;
        let archives = fs::read_dir(self.folder.join("archives"))?;
        let archives = archives.flatten().map(|entry| entry.path());
        Ok(archives.filter(|path| path.extension().is_some_and(|e| e == "deb")).collect())
    }
}

/// Reads `Inst nginx (1.22.1-9 Debian:12.1/stable [amd64])`, or
/// `Inst libssl3 [3.0.1] (3.0.2 …)` for a newer version.
fn planned(line: &str) -> Option<String> {
    let line = line.strip_prefix("Inst ")?;
    let (name, _) = line.split_once(' ')?;
    let version = line.split_once('(')?.1.split(' ').next()?;
    Some(format!("{name}={version}"))
}

/// Lines of a shell script that make tools in the tree find their libraries and data.
pub fn environment(folder: &Path) -> String {
    let mut libraries = Vec::new();
    for parent in ["usr/lib", "lib"] {
        let Ok(entries) = fs::read_dir(folder.join(TREE).join(parent)) else { continue };
        let names = entries.flatten().map(|entry| entry.file_name().display().to_string());
        libraries.extend(
            names
                .filter(|name| name.ends_with("-linux-gnu"))
                .map(|name| format!("$here/{TREE}/{parent}/{name}")),
        );
    }
    format!(
        "export LD_LIBRARY_PATH=\"{}\"\n\
         export PATH=\"$PATH:$here/{TREE}/usr/sbin:$here/{TREE}/usr/bin:$here/{TREE}/bin\"\n\
         export TESTSSL_INSTALL_DIR=\"$here/{TREE}/etc/testssl\"\n",
        libraries.join(":"),
    )
}

#[cfg(test)]
mod tests {
    use super::planned;

    #[test]
    fn a_plan_names_packages_with_their_versions() {
        let new = "Inst nginx (1.22.1-9+deb12u11 Debian:12.1/stable, Debian:12 [amd64])";
        assert_eq!(planned(new).as_deref(), Some("nginx=1.22.1-9+deb12u11"));
        let newer = "Inst libssl3 [3.0.19-1] (3.0.22-1 Debian:12.1/stable [amd64]) []";
        assert_eq!(planned(newer).as_deref(), Some("libssl3=3.0.22-1"));
        assert_eq!(planned("Conf nginx (1.22.1-9 Debian:12.1/stable [amd64])"), None);
    }
}
