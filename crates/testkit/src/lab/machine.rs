//! A master of the lab: mounts, processes, host name and network of its own, with sshd and etcd
//! at the paths that real ones have.

use std::{
    fs, io,
    net::Ipv4Addr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::network::{Network, left, run};
use crate::{child::Child, wait_until};

pub struct Machine {
    pub name: String,
    pub address: Ipv4Addr,
    /// Outside; everything inside ends with it.
    root: Child,
    /// Its first process, by our count.
    pid: u32,
}

impl Machine {
    /// Machine `number` of a lab whose files are in `files`, with programs under these names.
    pub async fn boot(
        number: u8,
        network: &Network,
        files: &Path,
        programs: &[(&str, PathBuf)],
    ) -> io::Result<Self> {
        let name = format!("master-{number}");
        let own = files.join(&name);
        fs::create_dir(&own)?;
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "unshare", "--kill-child", "--fork"])
            .args(["--mount", "--net", "--uts", "--ipc", "--pid", "--mount-proc"])
            .args(["sh", "-c", include_str!("shim/machine.sh"), "machine"])
            .args([&own, Path::new(&name), files]);
        for (name, path) in programs {
            command.arg(name).arg(path);
        }
        let root = Child::spawn(command.process_group(0))?;
        left(root.id(), "net").await;
        let outside = root.id();
        let pid = crate::wait_for(crate::LIMIT, || {
            let children = fs::read_to_string(format!("/proc/{outside}/task/{outside}/children"));
            let first = children.ok().and_then(|list| list.split(' ').next()?.parse().ok());
            async move { first }
        })
        .await;
        network.plug(number, pid)?;
        let machine = Self { name, address: network.address(number), root, pid };
        wait_until(crate::LIMIT, || {
            let is_up = machine.run("test -e /run/ready").is_ok();
            let log = machine.root.lines().join("\n");
            assert!(log.is_empty(), "{} does not come up: {log}", machine.name);
            async move { is_up }
        })
        .await;
        Ok(machine)
    }

    /// Runs a script in it as root, not over SSH; its output.
    pub fn run(&self, script: &str) -> io::Result<String> {
        let output = run(self.enter().args(["sh", "-c", script]))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The same, for what cannot fail but by a mistake of the test.
    #[track_caller]
    pub fn must(&self, script: &str) -> String {
        self.run(script).unwrap_or_else(|error| panic!("{}: {script}: {error}", self.name))
    }

    /// Waits until a script that came over SSH itself waits there for something.
    pub async fn is_waited_at(&self) {
        let waits = "for shell in $(pgrep -xf 'sh -s'); do\n\
                     pgrep -P $shell >/dev/null && pgrep -P $(pgrep -P $shell) -x sleep && exit 0\n\
                     done; exit 1";
        wait_until(crate::LIMIT, || async { self.run(waits).is_ok() }).await;
    }

    /// Breaks every SSH connection to it; sshd takes new ones at once.
    pub fn cut(&self) {
        self.shut();
        self.open();
    }

    /// Breaks every SSH connection to it and takes no new ones. Everything else goes on.
    pub fn shut(&self) {
        // The port is free when the old ones are gone.
        self.must(
            "sshds() { for folder in /proc/[0-9]*; do\n\
             [ \"$(cat $folder/comm 2>/dev/null)\" = sshd ] && [ -e $folder/exe ] && \
             echo ${folder#/proc/}; done; }\n\
             while pids=$(sshds); [ -n \"$pids\" ]; do kill -KILL $pids; sleep 0.02; done\n\
             rm -f /run/units/sshd.service.pid",
        );
    }

    /// Takes SSH connections again.
    pub fn open(&self) {
        // Until port 22 listens, as the kernel tells it.
        self.must(
            "systemctl start sshd\n\
             until grep -q ':0016 00000000:0000 0A' /proc/net/tcp; do sleep 0.02; done",
        );
    }

    /// How a path of it is reached from outside, while it stands.
    pub fn path(&self, path: &str) -> PathBuf {
        format!("/proc/{}/root{path}", self.pid).into()
    }

    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.pid.to_string(), "--all"])
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }
}
