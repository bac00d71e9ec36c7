//! A stand-in for the kubelet, as far as static pods and certificates are concerned: it looks at
//! its folder of manifests about every second, starts what is there, ends what is gone or changed,
//! and starts again what died. Containers outlive it, and are taken up when it starts anew.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustls::{
    RootCertStore, ServerConfig, crypto::aws_lc_rs::default_provider, server::WebPkiClientVerifier,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use super::follower::{Asking, follow};
use crate::lab::api_server::Flags;

const LAG: Duration = Duration::from_secs(1);
/// Until a container that was asked to end is killed.
const GRACE: Duration = Duration::from_secs(30);
const PODS: &str = "/run/pods";
const SERVING: &str = "/var/lib/kubelet/pki/kubelet";

/// Does nothing where it was not called with a kubelet's flags.
pub fn run() {
    let flags = Flags::of_process();
    let Ok(config) = flags.path("config") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let worked = runtime.expect("a runtime needs nothing").block_on(work(&flags, &config));
    worked.unwrap_or_else(|error| panic!("kubelet: {error}"));
}

async fn work(flags: &Flags, config: &Path) -> io::Result<()> {
    let config: Value =
        serde_saphyr::from_str(&fs::read_to_string(config)?).map_err(io::Error::other)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let manifests = PathBuf::from(text(&config["staticPodPath"]));
    tokio::spawn(serve(tls(&text(&config["authentication"]["x509"]["clientCAFile"]))?));
    // One that only keeps etcd running has none.
    if let Ok(kubeconfig) = flags.path("kubeconfig") {
        // What it presents it reads anew each time; the rest of its kubeconfig stays the same.
        tokio::spawn(async move { follow(|| Asking::by(&kubeconfig)).await });
    }
    let node = flags.value("hostname-override")?.to_owned();
    loop {
        tend(&manifests, &node)?;
        sleep(LAG).await;
    }
}

/// One look at the folder, and what follows from it.
fn tend(manifests: &Path, node: &str) -> io::Result<()> {
    let wanted = wanted(manifests)?;
    fs::create_dir_all(PODS)?;
    for entry in fs::read_dir(PODS)? {
        let container = Container { folder: entry?.path() };
        let is_wanted = wanted.get(&container.name()).is_some_and(|pod| container.is(pod));
        if !is_wanted {
            container.end()?;
        }
    }
    for (name, pod) in &wanted {
        let container = Container { folder: Path::new(PODS).join(name) };
        if container.pid().is_none() && (container.is(pod) || !container.folder.exists()) {
            container.start(pod, node)?;
        }
    }
    Ok(())
}

/// Pods by name. Files with a dot in front are none.
fn wanted(manifests: &Path) -> io::Result<BTreeMap<String, Pod>> {
    let mut pods = BTreeMap::new();
    for entry in fs::read_dir(manifests)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // One that is taken away at this moment is looked for again a second later.
        let Ok(text) = fs::read_to_string(entry.path()) else { continue };
        match Pod::read(&text) {
            Some(pod) => drop(pods.insert(pod.name.clone(), pod)),
            None => eprintln!("{} is no pod", entry.path().display()),
        }
    }
    Ok(pods)
}

struct Pod {
    text: String,
    name: String,
    command: Vec<String>,
    /// Paths on the machine and inside.
    mounts: Vec<(String, String)>,
}

impl Pod {
    fn read(text: &str) -> Option<Self> {
        let pod: Value = serde_saphyr::from_str(text).ok()?;
        let string = |value: &Value| value.as_str().map(str::to_owned);
        let spec = &pod["spec"];
        let container = &spec["containers"][0];
        let volumes = spec["volumes"].as_array()?;
        let mounts = container["volumeMounts"].as_array()?.iter().map(|mount| {
            let volume = volumes.iter().find(|volume| volume["name"] == mount["name"])?;
            Some((string(&volume["hostPath"]["path"])?, string(&mount["mountPath"])?))
        });
        Some(Self {
            text: text.to_owned(),
            name: string(&pod["metadata"]["name"])?,
            command: container["command"].as_array()?.iter().map(string).collect::<Option<_>>()?,
            mounts: mounts.collect::<Option<_>>()?,
        })
    }
}

/// A pod's container, as a folder remembers it.
struct Container {
    folder: PathBuf,
}

impl Container {
    fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn is(&self, pod: &Pod) -> bool {
        fs::read_to_string(self.folder.join("manifest")).is_ok_and(|text| text == pod.text)
    }

    /// While it runs.
    fn pid(&self) -> Option<u32> {
        let pid = fs::read_to_string(self.folder.join("pid")).ok()?.trim().parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, state) = stat.rsplit_once(") ")?;
        // One that waits to be collected has ended.
        (!state.starts_with(['Z', 'X'])).then_some(pid)
    }

    fn start(&self, pod: &Pod, node: &str) -> io::Result<()> {
        let attempt = fs::read_dir(&self.folder).map_or(0, Iterator::count);
        let root = self.folder.join(format!("root-{attempt}"));
        fs::create_dir_all(&root)?;
        fs::write(self.folder.join("manifest"), &pod.text)?;
        let name = &pod.name;
        let logs = format!("/var/log/pods/kube-system_{name}-{node}_0/{name}");
        fs::create_dir_all(&logs)?;
        // It belongs to nobody then, as containers' runtimes see to.
        let script = concat!(
            "pid=$1; shift; setsid unshare --mount sh -c \"$@\" >/dev/null 2>&1 </dev/null &\n",
            "echo $! >\"$pid\""
        );
        let mut command = Command::new("sh");
        command.args(["-c", script, "start"]).arg(self.folder.join("pid"));
        command.args([include_str!("../shim/container.sh"), "container"]).arg(&root);
        command.arg(format!("{logs}/{attempt}.log"));
        command.args(pod.mounts.iter().flat_map(|(outside, inside)| [outside, inside]));
        command.arg("--").args(&pod.command);
        eprintln!("starts {name}");
        command.status().map(drop)
    }

    /// Asks it to end, and forgets it when it has.
    fn end(&self) -> io::Result<()> {
        let asked = self.folder.join("asked");
        let Some(pid) = self.pid() else {
            eprintln!("{} has ended", self.name());
            return fs::remove_dir_all(&self.folder);
        };
        let signal = match fs::metadata(&asked).and_then(|file| file.modified()) {
            Err(_) => "TERM",
            Ok(at) if SystemTime::now().duration_since(at).is_ok_and(|since| since > GRACE) => {
                "KILL"
            }
            Ok(_) => return Ok(()),
        };
        fs::write(asked, "")?;
        let kill = format!("kill -{signal} {pid}");
        Command::new("sh").args(["-c", &kill]).status().map(drop)
    }
}

/// What it presents and whom it lets in, as it was at its start. Without a file of authorities it
/// asks nobody for a certificate.
fn tls(clients: &str) -> io::Result<ServerConfig> {
    let chain = |path: &str| -> io::Result<Vec<CertificateDer<'static>>> {
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        read.map_err(io::Error::other)
    };
    let provider = Arc::new(default_provider());
    let clients = match clients {
        "" => WebPkiClientVerifier::no_client_auth(),
        path => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(chain(path)?);
            let known = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
            known.allow_unauthenticated().build().map_err(io::Error::other)?
        }
    };
    let key = PrivateKeyDer::from_pem_file(format!("{SERVING}.key")).map_err(io::Error::other)?;
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain(&format!("{SERVING}.crt"))?, key)
        .map_err(io::Error::other)
}

async fn serve(tls: ServerConfig) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", 10250)).await?;
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    loop {
        let (stream, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let mut stream = acceptor.accept(stream).await?;
            let _asked = stream.read(&mut [0; 1024]).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await
        });
    }
}
