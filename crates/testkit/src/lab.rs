//! Three masters with a real etcd cluster, each with namespaces, sshd and files of its own at the
//! paths that real masters have, laid out as ACK's installer, kubeadm or k3s does; where etcd is on
//! machines of its own, the API server is on one more. What they change stays in memory; when the
//! lab is dropped, or its process ends in whatever way, nothing is left.

pub mod api_server;
mod authority;
pub mod etcd;
mod files;
pub mod k3s;
mod kube_apiserver;
pub mod kubeadm;
pub mod kubeconfig;
mod kubernetes;
mod layout;
mod login;
pub mod loopback;
mod machine;
mod network;
mod sticky;
mod writer;

use std::{
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use tokio::net::TcpStream;

use self::{
    files::File,
    layout::{CONTROL_PLANE, ETCD, Laid},
    network::Network,
};
use crate::{LIMIT, peers, wait_until};

pub use authority::{Ages, Authority, Pair, Subject};
pub use files::Timing;
pub use layout::Layout;
pub use machine::Machine;
pub use writer::{Report, Store, Writer};

/// How the lab is to be.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Members of etcd; machines beside them come with the layout.
    pub masters: u8,
    pub layout: Layout,
    /// Also an API server on each; the test's binary then has a test that stands in for it, see
    /// [`api_server`].
    pub has_api_servers: bool,
    pub ages: Ages,
    pub timing: Timing,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            masters: 3,
            layout: Layout::Ack,
            has_api_servers: false,
            ages: Ages::default(),
            timing: Timing::Ack,
        }
    }
}

/// Dropping it ends every process of it by its id.
pub struct Lab {
    machines: Vec<Machine>,
    laid: Laid,
    members: usize,
    /// After the machines, which are mounted in it.
    folder: TempDir,
    _network: Network,
}

impl Lab {
    /// Brings the masters up and waits until every member of etcd is healthy. `None` where the
    /// tools are missing or no namespaces can be made: the test returns.
    pub async fn start(shape: Shape) -> Option<Self> {
        let tools = ["etcd", "sshd", "ssh", "ssh-keygen", "ip", "unshare", "nsenter", "setpriv"];
        for tool in tools {
            peers::need(tool)?;
        }
        if let Err(error) = may_have_namespaces() {
            peers::skip(&format!("namespaces, which cannot be made here ({error})"));
            return None;
        }
        let lab = Self::bring_up(shape).await;
        Some(lab.unwrap_or_else(|error| panic!("the lab does not come up: {error}")))
    }

    /// With the etcd cluster down.
    async fn bring_up(shape: Shape) -> io::Result<Self> {
        let folder = TempDir::with_prefix("doorward-lab-")?;
        let network = Network::new().await?;
        let all = shape.masters + shape.layout.machines_beside();
        let addresses: Vec<_> = (1..=all).map(|number| network.address(number)).collect();
        write_tools(folder.path())?;
        login::write(folder.path(), "root", &addresses, None)?;
        let laid = Laid::new(shape, &addresses);
        write_inventory(folder.path(), &addresses, &laid)?;
        let programs = laid.programs()?;
        let mut machines = Vec::new();
        for (index, number) in (1..=all).enumerate() {
            let machine = Machine::boot(number, &network, folder.path(), &programs).await?;
            let mut files = laid.on_master(index);
            files.push(sshd_unit(folder.path()));
            place(&machine, folder.path(), &files)?;
            machine.run(laid.prepare())?;
            machine.run("systemctl start sshd")?;
            machines.push(machine);
        }
        let (etcd, api_server) = laid.starts();
        for machine in &machines {
            machine.run(etcd)?;
        }
        let members = usize::from(shape.masters);
        let lab = Self { machines, laid, members, folder, _network: network };
        for (index, machine) in lab.machines.iter().enumerate() {
            let roles = lab.laid.roles(index);
            if roles.contains(&ETCD) {
                lab.healthy(machine).await;
            }
            if let Some(api_server) = api_server.filter(|_| roles.contains(&CONTROL_PLANE)) {
                machine.run(api_server)?;
                let address = (machine.address, 6443);
                wait_until(LIMIT, || async { TcpStream::connect(address).await.is_ok() }).await;
            }
        }
        Ok(lab)
    }

    /// The members of etcd first.
    pub fn machines(&self) -> &[Machine] {
        &self.machines
    }

    pub fn members(&self) -> &[Machine] {
        &self.machines[..self.members]
    }

    /// For `ssh -F`: the user, the key and the known hosts.
    pub fn ssh_config(&self) -> PathBuf {
        self.folder.path().join("ssh_config")
    }

    /// A folder of the lab's, for whatever else belongs to it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The inventory of the masters, as a file.
    pub fn inventory(&self) -> PathBuf {
        self.folder.path().join("inventory.yaml")
    }

    /// The authorities and the client certificate that etcd was set up with.
    pub fn client(&self) -> &Pair {
        self.laid.client()
    }

    pub fn authority(&self) -> &Authority {
        self.laid.authority()
    }

    /// The same as [`authority`](Self::authority) in kubeadm's layout.
    pub fn peer_authority(&self) -> &Authority {
        self.laid.peer_authority()
    }

    /// Begins to write to the cluster, as [`etcd`](Self::etcd) does.
    pub async fn writer(&self) -> Writer {
        Writer::start(self.etcd()).await
    }

    /// A client of the cluster, by what the first master keeps for clients now.
    pub fn etcd(&self) -> etcd::Client {
        self.etcd_of(self.members())
    }

    /// The same, of these members alone.
    pub fn etcd_of(&self, machines: &[Machine]) -> etcd::Client {
        let endpoints = machines.iter().map(|machine| (machine.address, 2379).into());
        etcd::Client::new(endpoints.collect(), self.laid.credentials(&self.machines[0]))
    }

    /// Waits until the member of a machine answers with quorum, by what etcd was set up with.
    pub async fn healthy(&self, machine: &Machine) {
        etcd::healthy(self.authority(), self.client(), machine.address).await;
    }
}

fn may_have_namespaces() -> io::Result<()> {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "true"]);
    network::run(&mut command).map(drop)
}

fn write_tools(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("systemctl"), include_str!("lab/shim/systemctl"))?;
    fs::write(folder.join("journalctl"), include_str!("lab/shim/journalctl"))
}

fn write_inventory(folder: &Path, addresses: &[Ipv4Addr], laid: &Laid) -> io::Result<()> {
    let hosts: String = addresses
        .iter()
        .enumerate()
        .map(|(index, address)| {
            format!(
                "  - {{name: master-{}, address: {address}, roles: [{}]}}\n",
                index + 1,
                laid.roles(index).join(", ")
            )
        })
        .collect();
    fs::write(
        folder.join("inventory.yaml"),
        format!(
            "apiVersion: doorward.dev/v1alpha1\nkind: ClusterInventory\nmetadata: {{name: lab}}\n\
             spec:\n  ssh: {{config: {}/ssh_config}}\n  hosts:\n{hosts}",
            folder.display()
        ),
    )
}

fn sshd_unit(folder: &Path) -> File {
    let sshd = peers::need("sshd").expect("it was asked for");
    File {
        path: "/etc/systemd/system/sshd.service".to_owned(),
        content: format!(
            "[Service]\nExecStart={} -D -e -f {}/sshd_config\n",
            sshd.display(),
            folder.display()
        ),
        is_secret: false,
    }
}

/// Copies files into a machine, through the lab's folder.
fn place(machine: &Machine, folder: &Path, files: &[File]) -> io::Result<()> {
    let tree = folder.join(format!("{}-files", machine.name));
    files.iter().try_for_each(|file| file.write(&tree))?;
    machine.run(&format!("cp -r --preserve=mode {}/. /", tree.display())).map(drop)
}

#[cfg(test)]
mod tests;
