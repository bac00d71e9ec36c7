//! What every server under test is asked to serve: names with certificates, and one backend.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use testkit::pki::{Issued, TestCa};

/// The one name of the benches that need one: it resolves without DNS, for drivers that send the
/// host of the URL as SNI.
pub const HOST: &str = "localhost";

pub struct Site {
    pub ca: TestCa,
    pub names: Vec<String>,
    pub pairs: Vec<Issued>,
    pub backend: SocketAddr,
}

impl Site {
    pub fn single(backend: SocketAddr) -> Self {
        let ca = TestCa::new("bench");
        let pairs = vec![ca.leaf(&[HOST])];
        Self { ca, names: vec![HOST.to_owned()], pairs, backend }
    }

    /// `count` names, each with a P-256 certificate and key of its own.
    pub fn many(count: usize, backend: SocketAddr) -> Self {
        let ca = TestCa::new("bench");
        let names: Vec<_> =
            (0..count).map(|number| format!("host-{number:06}.bench.test")).collect();
        let pairs = names.iter().map(|name| ca.leaf(&[name.as_str()])).collect();
        Self { ca, names, pairs, backend }
    }

    /// Writes `pem/N.crt`, `pem/N.key` and `pem/N.pem` (both) for servers that read files.
    pub fn write_files(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder.join("pem"))?;
        for (index, pair) in self.pairs.iter().enumerate() {
            write_pair(folder, index, pair)?;
        }
        Ok(())
    }
}

/// The files of one pair, each by rename.
pub fn write_pair(folder: &Path, index: usize, pair: &Issued) -> Result<()> {
    replace(&file(folder, index, "crt"), &pair.chain_pem)?;
    replace(&file(folder, index, "key"), &pair.key_pem)?;
    replace(&file(folder, index, "pem"), &format!("{}{}", pair.chain_pem, pair.key_pem))
}

pub fn file(folder: &Path, index: usize, extension: &str) -> PathBuf {
    folder.join(format!("pem/{index:06}.{extension}"))
}

pub fn replace(path: &Path, text: &str) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text)
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
