//! A stand-in for the program `k3s`, as far as certificates, etcd and the API server are concerned.

use std::{
    env, fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use super::{AUTHORITIES, CONFIG, DATA, Leaf, MEMBER, leaves};
use crate::lab::{
    api_server::{self, Flags},
    authority::{Authority, Pair},
    etcd::{Client, named},
    kubeconfig::{self, Server, User},
};

/// How long k3s has its leaves last.
const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
const PAUSE: Duration = Duration::from_millis(50);

/// Does nothing where it was not called by the script `k3s`.
pub fn run() {
    let Ok(line) = env::var("LAB_K3S") else { return };
    let words: Vec<&str> = line.split_whitespace().collect();
    let done = match words.as_slice() {
        ["server", rest @ ..] => Settings::read(rest).and_then(serve),
        ["certificate", "rotate", rest @ ..] => Settings::read(rest).and_then(|said| rotate(&said)),
        _ => Err(io::Error::other(format!("the lab's k3s does not know {line:?}"))),
    };
    if let Err(error) = &done {
        // In the manner of the real one, as the last thing that is said.
        eprintln!("level=fatal msg=\"{error}\"");
    }
    end_process(done.is_ok());
}

/// A test's binary may have several tests of the name that it was called with, and would go on to
/// the next one.
#[expect(clippy::disallowed_methods, reason = "nothing is left that a destructor would see to")]
fn end_process(is_well: bool) -> ! {
    process::exit(i32::from(!is_well));
}

struct Settings {
    data: PathBuf,
    address: Ipv4Addr,
    members: Vec<Ipv4Addr>,
    /// For etcd's configuration file.
    timing: Vec<(String, String)>,
}

impl Settings {
    fn read(words: &[&str]) -> io::Result<Self> {
        let said: Value =
            serde_saphyr::from_str(&fs::read_to_string(CONFIG)?).map_err(io::Error::other)?;
        let flag = words.iter().position(|word| *word == "--data-dir");
        let flag = flag.and_then(|at| words.get(at + 1)).copied();
        let address = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let missing = |name: &str| io::Error::other(format!("{CONFIG} has no {name}"));
        let list = |name: &str| said[name].as_array().cloned().unwrap_or_default();
        let timing = list("lab-etcd").into_iter().filter_map(|flag| {
            let (name, value) = flag.as_str()?.trim_start_matches('-').split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        Ok(Self {
            data: flag.or(said["data-dir"].as_str()).unwrap_or(DATA).into(),
            address: address(&said["node-ip"]).ok_or_else(|| missing("node-ip"))?,
            members: list("lab-members").iter().filter_map(address).collect(),
            timing: timing.collect(),
        })
    }

    fn tls(&self) -> PathBuf {
        self.data.join("server/tls")
    }
}

/// It asks nobody whether the server runs, as the real one does not: whoever calls it sees to that.
fn rotate(said: &Settings) -> io::Result<()> {
    let tls = said.tls();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(io::Error::other)?.as_secs();
    let kept = said.data.join(format!("server/tls-{now}"));
    copy(&tls, &kept)?;
    fs::write(tls.join("dynamic-cert-regenerate"), "")?;
    for leaf in leaves(said.address) {
        for ending in ["crt", "key"] {
            // One that is not there is not there.
            let _ = fs::remove_file(tls.join(format!("{}.{ending}", leaf.file)));
        }
    }
    eprintln!(
        "level=info msg=\"Successfully backed up certificates to {}, please restart k3s server or \
         agent to rotate certificates\"",
        kept.display()
    );
    Ok(())
}

/// With modes, as `fs::copy` has it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}

fn serve(said: Settings) -> io::Result<()> {
    let tls = said.tls();
    let authorities = AUTHORITIES.map(|name| Ok((name, authority(&tls, name)?)));
    let authorities = authorities.into_iter().collect::<io::Result<Vec<_>>>()?;
    for leaf in leaves(said.address) {
        let issuer = authorities.iter().find(|(name, _)| *name == leaf.authority);
        let (_, issuer) = issuer.expect("every leaf has its authority");
        make_missing(&tls, &leaf, issuer)?;
    }
    write_kubeconfig(&tls, &authorities[1].1)?;
    let config = write_etcd_config(&said)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run_all(&said, &config))
}

fn authority(tls: &Path, name: &str) -> io::Result<Authority> {
    let read = |ending: &str| fs::read_to_string(tls.join(format!("{name}.{ending}")));
    Ok(Authority::of(&read("crt")?, &read("key")?))
}

/// The key first: who reads both finds no certificate without its key.
fn make_missing(tls: &Path, leaf: &Leaf, issuer: &Authority) -> io::Result<()> {
    let [certificate, key] =
        ["crt", "key"].map(|ending| tls.join(format!("{}.{ending}", leaf.file)));
    if certificate.exists() && key.exists() {
        return Ok(());
    }
    let pair = leaf.issue(issuer, YEAR);
    write(&key, &pair.key, 0o600)?;
    write(&certificate, &pair.certificate, 0o644)?;
    eprintln!("level=info msg=\"certificate CN={} signed by {}\"", leaf.name, leaf.authority);
    Ok(())
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// What people talk to the cluster with, written anew at each start.
fn write_kubeconfig(tls: &Path, server: &Authority) -> io::Result<()> {
    let read = |ending: &str| fs::read_to_string(tls.join(format!("client-admin.{ending}")));
    let admin = Pair { certificate: read("crt")?, key: read("key")? };
    let server = Server { authority: &server.pem, address: Ipv4Addr::LOCALHOST };
    let text = kubeconfig::write(&server, "default", &User::Embedded(&admin));
    write(Path::new("/etc/rancher/k3s/k3s.yaml"), &text, 0o600)
}

/// k3s' etcd is told by a file, which is YAML and so may be JSON.
fn write_etcd_config(said: &Settings) -> io::Result<PathBuf> {
    let (tls, address) = (said.tls(), said.address);
    let etcd = |name: &str| tls.join("etcd").join(name).display().to_string();
    let name = |address: &Ipv4Addr| format!("master-{}", address.octets()[3]);
    let members: Vec<String> = said
        .members
        .iter()
        .map(|address| format!("{}=https://{address}:2380", name(address)))
        .collect();
    let security = |pair: &str, trust: &str| {
        json!({
            "cert-file": etcd(&format!("{pair}.crt")),
            "key-file": etcd(&format!("{pair}.key")),
            "trusted-ca-file": etcd(trust),
            "client-cert-auth": true,
        })
    };
    let folder = said.data.join("server/db/etcd");
    let mut config = json!({
        "name": name(&address),
        "data-dir": folder,
        "advertise-client-urls": format!("https://{address}:2379"),
        "listen-client-urls": format!("https://127.0.0.1:2379,https://{address}:2379"),
        "listen-peer-urls": format!("https://127.0.0.1:2380,https://{address}:2380"),
        "listen-metrics-urls": "http://127.0.0.1:2381",
        "initial-advertise-peer-urls": format!("https://{address}:2380"),
        "initial-cluster": members.join(","),
        "initial-cluster-state": "new",
        // For the lab's own clients, which speak JSON; a file turns off what flags have on.
        "enable-grpc-gateway": true,
        "client-transport-security": security("server-client", "server-ca.crt"),
        "peer-transport-security": security("peer-server-client", "peer-ca.crt"),
        "logger": "zap",
        "log-outputs": ["stderr"],
    });
    for (flag, value) in &said.timing {
        config[flag] = value.parse::<u32>().map_err(io::Error::other)?.into();
    }
    fs::create_dir_all(&folder)?;
    let path = folder.join("config");
    write(&path, &config.to_string(), 0o600)?;
    Ok(path)
}

/// All of it ends with the member, and the member ends when it is told to.
async fn run_all(said: &Settings, config: &Path) -> io::Result<()> {
    let mut told = signal(SignalKind::terminate())?;
    let mut member = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", MEMBER, "--config-file"])
        .arg(config)
        .kill_on_drop(true)
        .spawn()?;
    let api_servers = async {
        ready(&said.tls()).await;
        tokio::try_join!(
            api_server::serve(flags(said, Ipv4Addr::LOCALHOST, 6444)),
            api_server::serve(flags(said, said.address, 6443)),
        )
    };
    tokio::select! {
        ended = member.wait() => {
            return Err(io::Error::other(format!("etcd exited: {}", ended?)));
        }
        served = api_servers => drop(served?),
        _ = told.recv() => {}
    }
    end(&mut member).await
}

/// The API server is started when the datastore answers.
async fn ready(tls: &Path) {
    let names = ["server-ca.crt", "client.crt", "client.key"];
    let own = (Ipv4Addr::LOCALHOST, 2379).into();
    let mut client = Client::new(vec![own], named(tls.join("etcd"), names));
    while client.value("/registry/health").await.is_err() {
        sleep(PAUSE).await;
    }
}

fn flags(said: &Settings, bound: Ipv4Addr, port: u16) -> Flags {
    let tls = said.tls();
    let file = |name: &str| tls.join(name).display().to_string();
    Flags::of([
        ("bind-address", bound.to_string()),
        ("secure-port", port.to_string()),
        ("client-ca-file", file("client-ca.crt")),
        ("tls-cert-file", file("serving-kube-apiserver.crt")),
        ("tls-private-key-file", file("serving-kube-apiserver.key")),
        ("etcd-cafile", file("etcd/server-ca.crt")),
        ("etcd-certfile", file("etcd/client.crt")),
        ("etcd-keyfile", file("etcd/client.key")),
        ("etcd-servers", "https://127.0.0.1:2379".to_owned()),
    ])
}

async fn end(member: &mut Child) -> io::Result<()> {
    if let Some(pid) = member.id() {
        Command::new("kill").args(["-TERM", &pid.to_string()]).status().await?;
    }
    member.wait().await.map(drop)
}
