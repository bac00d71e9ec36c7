//! What lies on the masters of the lab: certificates and units, named as ACK's installer names
//! them.

use std::{fs, io, net::Ipv4Addr, os::unix::fs::PermissionsExt, path::Path};

use super::authority::{Ages, Authority, Pair};

/// A path with what it holds and who may read it.
pub struct File {
    pub path: String,
    pub content: String,
    pub is_secret: bool,
}

impl File {
    /// Below `root`.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        let path = root.join(self.path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().expect("it is below the root"))?;
        fs::write(&path, &self.content)?;
        let mode = if self.is_secret { 0o600 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
    }
}

/// What etcd of the whole cluster works with; ACK's installer leaves all of it on every master.
pub struct EtcdFiles {
    pub authority: Authority,
    pub peer_authority: Authority,
    server: Pair,
    pub client: Pair,
    /// One for each member.
    peers: Vec<(String, Pair)>,
}

impl EtcdFiles {
    pub fn new(members: &[Ipv4Addr], ages: Ages) -> Self {
        let authority = Authority::new("CA", ages.authority);
        let peer_authority = Authority::new("Peer-CA", ages.authority);
        let names = ["ext1.example.com", "coreos1.local", "coreos1"];
        let peers = members.iter().enumerate().map(|(index, &address)| {
            let name = member_name(index, address);
            let local = format!("{name}.local");
            let from = connects_from(address);
            let leaf = peer_authority.leaf(&name, None, &from, &[&local, &name], ages.leaf);
            (name, leaf)
        });
        Self {
            server: authority.leaf("etcd-server", None, members, &names, ages.leaf),
            client: authority.leaf("etcd-client", None, &[], &[], ages.leaf),
            peers: peers.collect(),
            authority,
            peer_authority,
        }
    }

    /// The folder of etcd, and the copies that the API server reads.
    pub fn on_a_master(&self) -> Vec<File> {
        let mut files = self.in_folder("/var/lib/etcd/cert");
        let copies = "/etc/kubernetes/pki/etcd";
        files.push(public(format!("{copies}/ca.pem"), &self.authority.pem));
        files.extend(pair_files(
            &format!("{copies}/etcd-client"),
            ".pem",
            "-key.pem",
            &self.client,
        ));
        files
    }

    pub fn in_folder(&self, folder: &str) -> Vec<File> {
        let mut files = Vec::new();
        for (name, authority) in [("ca", &self.authority), ("peer-ca", &self.peer_authority)] {
            files.push(public(format!("{folder}/{name}.pem"), &authority.pem));
            files.push(secret(format!("{folder}/{name}-key.pem"), authority.key()));
        }
        let shared = [("etcd-server", &self.server), ("etcd-client", &self.client)];
        let peers = self.peers.iter().map(|(name, pair)| (name.as_str(), pair));
        for (name, pair) in shared.into_iter().chain(peers) {
            files.extend(pair_files(&format!("{folder}/{name}"), ".pem", "-key.pem", pair));
        }
        files
    }
}

/// How long a member waits for its leader before it calls an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// As ACK's installer sets it: 3 s, with a heartbeat twice a second.
    Ack,
    /// etcd's own: 1 s, with ten heartbeats in it.
    Default,
}

impl Timing {
    pub fn flags(self) -> [String; 2] {
        let (election, heartbeat) = match self {
            Self::Ack => (3000, 500),
            Self::Default => (1000, 100),
        };
        [format!("--election-timeout={election}"), format!("--heartbeat-interval={heartbeat}")]
    }
}

/// The flags of member `index`, as ACK's unit has them.
pub fn etcd_flags(members: &[Ipv4Addr], index: usize, cert: &str, timing: Timing) -> Vec<String> {
    let address = members[index];
    let name = member_name(index, address);
    let cluster: Vec<_> = members
        .iter()
        .enumerate()
        .map(|(index, &address)| format!("{}=https://{address}:2380", member_name(index, address)))
        .collect();
    let mut flags = timing.flags().to_vec();
    flags.extend([
        "--snapshot-count=50000".to_owned(),
        "--data-dir=data.etcd".to_owned(),
        format!("--name {name}"),
        "--client-cert-auth".to_owned(),
        format!("--trusted-ca-file={cert}/ca.pem"),
        format!("--cert-file={cert}/etcd-server.pem"),
        format!("--key-file={cert}/etcd-server-key.pem"),
        "--peer-client-cert-auth".to_owned(),
        format!("--peer-trusted-ca-file={cert}/peer-ca.pem"),
        format!("--peer-cert-file={cert}/{name}.pem"),
        format!("--peer-key-file={cert}/{name}-key.pem"),
        format!("--initial-advertise-peer-urls https://{address}:2380"),
        format!("--listen-peer-urls https://{address}:2380"),
        format!("--advertise-client-urls https://{address}:2379"),
        format!("--listen-client-urls https://{address}:2379"),
        "--initial-cluster-token etcd-cluster".to_owned(),
        format!("--initial-cluster {}", cluster.join(",")),
        "--initial-cluster-state new".to_owned(),
    ]);
    flags
}

/// The unit of member `index`; like ACK's it has no `Restart=`.
pub fn etcd_unit(members: &[Ipv4Addr], index: usize, timing: Timing) -> File {
    let text = format!(
        "[Unit]\nDescription=etcd service\nAfter=network.target\n\n\
         [Service]\nWorkingDirectory=/var/lib/etcd/\nUser=etcd\n#Type=notify\n\
         ExecStart=/usr/local/bin/etcd {}\nLimitNOFILE=65536\n\n\
         [Install]\nWantedBy=multi-user.target\n",
        etcd_flags(members, index, "/var/lib/etcd/cert", timing).join(" \\\n  ")
    );
    public("/etc/systemd/system/etcd.service".to_owned(), &text)
}

/// etcd holds the address that a peer connects from against the names in its certificate, and
/// everything on loopback comes from one address.
fn connects_from(address: Ipv4Addr) -> Vec<Ipv4Addr> {
    match address.is_loopback() {
        true => vec![address, Ipv4Addr::LOCALHOST],
        false => vec![address],
    }
}

pub fn member_name(index: usize, address: Ipv4Addr) -> String {
    format!("{address}-name-{}", index + 1)
}

pub fn pair_files(stem: &str, certificate: &str, key: &str, pair: &Pair) -> [File; 2] {
    [
        public(format!("{stem}{certificate}"), &pair.certificate),
        secret(format!("{stem}{key}"), pair.key.clone()),
    ]
}

pub fn public(path: String, content: &str) -> File {
    File { path, content: content.to_owned(), is_secret: false }
}

pub fn secret(path: String, content: String) -> File {
    File { path, content, is_secret: true }
}
