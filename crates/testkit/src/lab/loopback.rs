//! The lab where no namespaces can be made: three members of etcd on this machine, each with a
//! folder, an address of 127.0.0.0/8 and commands of its own, and one sshd that lets its own user
//! in.

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{self, Command},
};

use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{
    Ages, Pair, Writer, etcd,
    files::{EtcdFiles, Timing, etcd_flags},
    login, network,
};
use crate::{LIMIT, child::Child, peers, wait_until};

const MEMBERS: u8 = 3;
const SSH: u16 = 2222;

/// Dropping it ends every process of it by its id.
pub struct Loopback {
    addresses: Vec<Ipv4Addr>,
    etcd: EtcdFiles,
    folder: TempDir,
    _sshd: Child,
    /// Holds the lab's addresses against others.
    _claim: TcpListener,
}

impl Loopback {
    /// Brings the members up and waits until each is healthy. `None` where the tools are missing
    /// or sshd has nobody to be: the test returns.
    pub async fn start(ages: Ages) -> Option<Self> {
        for tool in ["etcd", "sshd", "ssh", "ssh-keygen", "setsid", "setpriv"] {
            peers::need(tool)?;
        }
        let user = said("id", &["-un"]).expect("a process has a user");
        if user == "root" && !may_mount() && said("getent", &["passwd", "sshd"]).is_err() {
            peers::skip("a user named sshd, whom root's sshd becomes");
            return None;
        }
        let lab = Self::bring_up(&user, ages).await;
        Some(lab.unwrap_or_else(|error| panic!("the lab does not come up: {error}")))
    }

    async fn bring_up(user: &str, ages: Ages) -> io::Result<Self> {
        let folder = TempDir::with_prefix("doorward-lab-")?;
        let (claim, addresses) = claim()?;
        login::write(folder.path(), user, &addresses, Some(SSH))?;
        let etcd = EtcdFiles::new(&addresses, ages);
        write_inventory(folder.path(), &addresses)?;
        let sshd = Child::spawn(sshd(folder.path(), user).process_group(0))?;
        let lab = Self { addresses, etcd, folder, _sshd: sshd, _claim: claim };
        for index in 0..lab.addresses.len() {
            lab.write_member(index)?;
            network::run(&mut Command::new(lab.member(index).join("start")))?;
        }
        for &address in &lab.addresses {
            etcd::healthy(&lab.etcd.authority, &lab.etcd.client, address).await;
        }
        let address = (lab.addresses[0], SSH);
        wait_until(LIMIT, || async { TcpStream::connect(address).await.is_ok() }).await;
        Ok(lab)
    }

    pub fn addresses(&self) -> &[Ipv4Addr] {
        &self.addresses
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn inventory(&self) -> PathBuf {
        self.folder.path().join("inventory.yaml")
    }

    /// Where member `index` has its files: `cert`, the data, the commands, the log.
    pub fn member(&self, index: usize) -> PathBuf {
        member(self.folder.path(), index)
    }

    /// The client certificate that etcd was set up with.
    pub fn client(&self) -> &Pair {
        &self.etcd.client
    }

    /// Begins to write to the cluster, with what the first member's folder has for clients.
    pub async fn writer(&self) -> Writer {
        let endpoints = self.addresses.iter().map(|&address| (address, 2379).into());
        let credentials = etcd::files(self.member(0).join("cert"));
        Writer::start(etcd::Client::new(endpoints.collect(), credentials)).await
    }

    fn write_member(&self, index: usize) -> io::Result<()> {
        let folder = self.member(index);
        fs::create_dir_all(&folder)?;
        for file in self.etcd.in_folder("/cert") {
            file.write(&folder)?;
        }
        let here = folder.display();
        let program = peers::need("etcd").expect("it was asked for");
        let cert = format!("{here}/cert");
        let flags = etcd_flags(&self.addresses, index, &cert, Timing::Default).join(" ");
        let ours = process::id();
        // It ends with the test's process, in whatever way that ends.
        let start = format!(
            "#!/bin/sh\ncd {here}\n\
             setsid {} {flags} >>etcd.log 2>&1 </dev/null &\necho $! >etcd.pid\n\
             (while kill -0 {ours} && kill -0 $!; do sleep 1; done; kill $!) \
             >/dev/null 2>&1 </dev/null &\n",
            program.display()
        );
        let running = format!(
            "#!/bin/sh\nread -r pid <{here}/etcd.pid && read -r name </proc/$pid/comm\n\
             [ \"$name\" = etcd ] && [ -e /proc/$pid/exe ] && echo $pid\n"
        );
        let stop = format!("#!/bin/sh\nkill $({here}/running)\n");
        for (name, text) in [("start", start), ("running", running), ("stop", stop)] {
            let path = folder.join(name);
            fs::write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        for index in 0..self.addresses.len() {
            let kill = format!("kill -KILL $({}/running)", self.member(index).display());
            // One that does not run has nothing to be killed.
            let _ = Command::new("sh").args(["-c", &kill]).output();
        }
    }
}

/// Addresses that no other lab of this machine has; the listener is what says so.
fn claim() -> io::Result<(TcpListener, Vec<Ipv4Addr>)> {
    let networks = (100..250_u8).flat_map(|a| (0..=255_u8).map(move |b| (a, b)));
    for (a, b) in networks {
        if let Ok(claim) = TcpListener::bind((Ipv4Addr::new(127, a, b, 254), SSH)) {
            return Ok((claim, (1..=MEMBERS).map(|n| Ipv4Addr::new(127, a, b, n)).collect()));
        }
    }
    Err(io::Error::other("every address of loopback is taken"))
}

fn member(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("member-{}", index + 1))
}

fn write_inventory(folder: &Path, addresses: &[Ipv4Addr]) -> io::Result<()> {
    let hosts: String = (0..addresses.len())
        .map(|index| {
            let here = member(folder, index).display().to_string();
            format!(
                "  - name: member-{}\n    address: {}\n    roles: [etcd]\n    \
                 stateDir: {here}/pki\n    components:\n      etcd: \
                 {{start: {here}/start, stop: {here}/stop, isRunning: {here}/running}}\n",
                index + 1,
                addresses[0],
            )
        })
        .collect();
    fs::write(
        folder.join("inventory.yaml"),
        format!(
            "apiVersion: doorward.dev/v1alpha1\nkind: ClusterInventory\n\
             metadata: {{name: loopback}}\nspec:\n  ssh: {{config: {}/ssh_config}}\n  \
             hosts:\n{hosts}",
            folder.display()
        ),
    )
}

/// Root's sshd wants a user and a folder that this machine may not have: mounts of its own bring
/// both where they can be had.
fn sshd(folder: &Path, user: &str) -> Command {
    let program = peers::need("sshd").expect("it was asked for");
    let arguments = format!("{} -D -e -f {}/sshd_config", program.display(), folder.display());
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    let script = match user == "root" && may_mount() {
        true => {
            command.args(["unshare", "--mount"]);
            let users = folder.join("passwd").display().to_string();
            format!(
                "grep -v ^sshd: /etc/passwd >{users}\n\
                 echo sshd:x:990:65534::/run/sshd:/usr/sbin/nologin >>{users}\n\
                 mount --bind {users} /etc/passwd\nmount -t tmpfs -o mode=755 run /run\n\
                 mkdir /run/sshd\nexec {arguments}"
            )
        }
        false => format!("exec {arguments}"),
    };
    command.args(["sh", "-c", &script]);
    command
}

fn may_mount() -> bool {
    said("unshare", &["--mount", "true"]).is_ok()
}

fn said(program: &str, arguments: &[&str]) -> io::Result<String> {
    let output = network::run(Command::new(program).args(arguments))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
