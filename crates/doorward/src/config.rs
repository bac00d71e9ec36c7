//! Ready settings: flags beat `doorward.yaml`, which beats the defaults.
//!
//! Reads files, opens no port. Everything wrong here is wrong usage (exit code 2), found before
//! anything is served.

mod file;
mod inventory;
mod kube;
mod mesh;
mod sds;
mod token;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use translate::Settings;

use crate::args::{AccessLogFormat, KubeArgs, PortPair, RunArgs};
use file::File;
pub use inventory::inventory;
pub use kube::KubeConfig;
pub use token::Token;

/// The name of the settings file where none is given by `--config`.
pub const FILE_NAME: &str = "doorward.yaml";

const DEFAULT_ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 15000);
const DEFAULT_STATE: &str = ".doorward";
/// Less than the 30 seconds after which Kubernetes kills a pod.
const DEFAULT_DRAIN: Duration = Duration::from_secs(25);

/// What `run` runs by.
#[derive(Debug)]
pub struct Config {
    pub source: Source,
    pub state: PathBuf,
    pub settings: Settings,
    pub admin: SocketAddr,
    /// Asked of every admin request.
    pub admin_token: Option<Token>,
    /// Answers health, readiness and metrics alone, without a token.
    pub probe: Option<SocketAddr>,
    /// Whom certificates are handed to, if anybody.
    pub sds: Option<publish::Settings>,
    /// Names the machines whose PKI is looked after, if any are. Read by who does: nothing that is
    /// served depends on it.
    pub pki: Option<PathBuf>,
    pub access_log: AccessLogFormat,
    pub drain_limit: Duration,
    /// The settings file in use.
    pub file: Option<PathBuf>,
    /// Keys of the file that this version takes and does nothing with.
    pub unused_keys: Vec<&'static str>,
}

/// Where the objects come from.
#[derive(Debug)]
pub enum Source {
    Folders(Vec<PathBuf>),
    Kubernetes(Box<KubeConfig>),
}

impl Config {
    pub fn for_run(args: &RunArgs) -> Result<Self> {
        let (path, file) = read_file(args.config.as_deref(), &args.manifests)?;
        let base = base_of(path.as_deref());
        let mut settings = settings(args, &file)?;
        let sds = sds::settings(args.sds.as_ref(), &file, &settings.store_namespace)?;
        let source = source(args, &file, base, &settings, sds.as_ref())?;
        if let Source::Kubernetes(kube) = &source {
            settings.secret_namespaces.clone_from(&kube.secret_namespaces);
        }
        let token_file = args
            .admin_token_file
            .clone()
            .or_else(|| file.admin_token_file.as_ref().map(|path| base.join(path)));
        let admin = args.admin.or(file.admin).unwrap_or(DEFAULT_ADMIN);
        let admin_token = token_file.as_deref().map(Token::read).transpose()?;
        if !admin.ip().is_loopback() && admin_token.is_none() {
            bail!(
                "--admin {admin} can be reached from other machines: give --admin-token-file FILE (or adminTokenFile in {FILE_NAME}), or a loopback address"
            );
        }
        let machines = args
            .pki_inventory
            .clone()
            .or_else(|| file.pki_inventory.as_ref().map(|path| base.join(path)));
        let on_kubernetes = matches!(source, Source::Kubernetes(_));
        Ok(Self {
            source,
            state: state(args.state.as_deref(), &file, base),
            settings,
            admin,
            admin_token,
            probe: args.probe.or(file.probe).or(on_kubernetes.then_some(kube::DEFAULT_PROBE)),
            access_log: args.access_log.or(file.access_log).unwrap_or_default(),
            drain_limit: args
                .drain_seconds
                .or(file.drain_seconds)
                .map_or(DEFAULT_DRAIN, Duration::from_secs),
            unused_keys: file.unused_keys(on_kubernetes, sds.is_some()),
            sds,
            pki: machines,
            file: path,
        })
    }
}

fn source(
    args: &RunArgs,
    file: &File,
    base: &Path,
    settings: &Settings,
    sds: Option<&publish::Settings>,
) -> Result<Source> {
    if args.kube.kube {
        let mesh = file.mesh.is_some().then_some(&settings.mesh);
        let kube = KubeConfig::new(&args.kube, file, &settings.store_namespace, sds, mesh)?;
        return Ok(Source::Kubernetes(Box::new(kube)));
    }
    let manifests: Vec<_> = match args.manifests.as_slice() {
        [] => file.manifests.iter().map(|folder| base.join(folder)).collect(),
        given => given.to_vec(),
    };
    if manifests.is_empty() {
        bail!(
            "nothing to serve: give a folder with --manifests DIR (or `manifests: [DIR]` in {FILE_NAME}), or --kube for a Kubernetes cluster"
        );
    }
    Ok(Source::Folders(manifests))
}

/// What `check` and `plan` go by, which run nothing.
#[derive(Debug)]
pub struct Offline {
    pub settings: Settings,
    file: File,
    /// Where its relative paths start.
    base: PathBuf,
}

impl Offline {
    pub fn read(config: Option<&Path>, paths: &[PathBuf]) -> Result<Self> {
        let (path, file) = read_file(config, paths)?;
        let settings = settings(&RunArgs::default(), &file)?;
        Ok(Self { settings, file, base: base_of(path.as_deref()).to_owned() })
    }

    /// Where a run would keep its state.
    pub fn state(&self, given: Option<&Path>) -> PathBuf {
        state(given, &self.file, &self.base)
    }

    /// As which Doorward a cluster is looked at: the one that its settings make.
    pub fn cluster(&mut self, args: &KubeArgs) -> Result<KubeConfig> {
        let Self { settings, file, .. } = self;
        let sds = sds::settings(None, file, &settings.store_namespace)?;
        let mesh = file.mesh.is_some().then_some(&settings.mesh);
        let cluster = KubeConfig::new(args, file, &settings.store_namespace, sds.as_ref(), mesh)?;
        settings.secret_namespaces.clone_from(&cluster.secret_namespaces);
        Ok(cluster)
    }
}

/// Where relative paths of the settings file start.
fn base_of(file: Option<&Path>) -> &Path {
    file.and_then(Path::parent).unwrap_or(Path::new(""))
}

fn state(given: Option<&Path>, file: &File, base: &Path) -> PathBuf {
    given
        .map(Path::to_owned)
        .or_else(|| file.state.as_ref().map(|path| base.join(path)))
        .unwrap_or_else(|| DEFAULT_STATE.into())
}

fn settings(args: &RunArgs, file: &File) -> Result<Settings> {
    let mut settings =
        Settings { mesh: mesh::settings(file.mesh.as_ref())?, ..Settings::default() };
    settings.bind = args.bind.or(file.bind).unwrap_or(settings.bind);
    settings.port_map = file.port_map.clone();
    settings
        .port_map
        .extend(args.port_map.iter().map(|PortPair { listener, local }| (*listener, *local)));
    settings.addresses = file
        .load_balancers
        .iter()
        .filter_map(|(name, of)| Some((name.as_str().into(), of.bind?)))
        .collect();
    if !args.load_balancer.is_empty() {
        settings.only = Some(args.load_balancer.iter().map(|name| name.as_str().into()).collect());
    }
    settings.default_issuer = file.default_issuer.as_deref().map(Into::into);
    settings.retain_removed_settings = file.elb.retain_removed_settings;
    if let Some(namespace) = &file.store_namespace {
        settings.store_namespace = namespace.as_str().into();
    }
    Ok(settings)
}

/// One namespace, where the API server would read an empty one as all of them.
fn check_namespace(key: &str, text: &str) -> Result<()> {
    ensure!(
        is_label(text),
        "{key} in {FILE_NAME}: {text:?} is no namespace: write 1-63 of a-z, 0-9 and '-'"
    );
    Ok(())
}

/// What namespaces and Services are named by (RFC 1123).
fn is_label(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_framed = !text.starts_with('-') && !text.ends_with('-');
    (1..=63).contains(&text.len()) && text.bytes().all(fits) && is_framed
}

/// The settings file and what it says: the given one, else the first found in `folders` and the
/// working directory, else nothing.
fn read_file(given: Option<&Path>, folders: &[PathBuf]) -> Result<(Option<PathBuf>, File)> {
    let path = match given {
        Some(path) => Some(path.to_owned()),
        None => folders
            .iter()
            .map(|folder| folder.join(FILE_NAME))
            .chain([FILE_NAME.into()])
            .find(|path| path.is_file()),
    };
    let Some(path) = path else { return Ok((None, File::default())) };
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read the settings file {}", path.display()))?;
    let file = File::parse(&text, &path)?;
    Ok((Some(path), file))
}

#[cfg(test)]
mod tests;
