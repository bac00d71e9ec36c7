//! A real authoritative DNS server, Knot, with one zone that takes dynamic updates (RFC 2136)
//! signed with a TSIG key.

use std::{fmt::Write, fs, net::SocketAddr, path::Path, process::Command};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::{LIMIT, child::Child, peers, ports, wait_for};

/// Who may update.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub name: &'static str,
    /// As TSIG names it: `hmac-sha256`.
    pub algorithm: &'static str,
    /// In base64.
    pub secret: &'static str,
}

impl Key {
    pub const SHA256: Self = Self {
        name: "doorward",
        algorithm: "hmac-sha256",
        secret: "c2VjcmV0LW9mLXRlc3RzLW9ubHktc2hhMjU2LTAwMDE=",
    };
    pub const SHA512: Self = Self {
        name: "doorward-512",
        algorithm: "hmac-sha512",
        secret: "c2VjcmV0LW9mLXRlc3RzLW9ubHktc2hhNTEyLTAwMDEtc2VjcmV0LW9mLXRlc3RzLW9ubHktMDAwMg==",
    };
}

/// Dropping it kills the process by its id and removes its folder.
pub struct Knot {
    address: SocketAddr,
    _child: Child,
    _folder: TempDir,
}

impl Knot {
    /// Starts Knot as the only server of `zones`, in which every name is at 127.0.0.1, and waits
    /// until it answers. `None` where there is none: the test returns.
    pub async fn start(zones: &[&str]) -> Option<Self> {
        let zones: Vec<_> = zones.iter().map(|zone| (*zone, "")).collect();
        Self::holding(&zones).await
    }

    /// As [`Knot::start`], each zone with more records: lines of its zone file.
    pub async fn holding(zones: &[(&str, &str)]) -> Option<Self> {
        let binary = peers::need("knotd")?;
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let [port] = ports::free();
        let config = folder.path().join("knot.conf");
        fs::write(&config, configuration(folder.path(), port, zones))
            .expect("the test owns the folder");
        for (zone, records) in zones {
            let text = format!(
                "$ORIGIN {zone}.\n$TTL 1\n\
                 @ SOA ns hostmaster 1 3600 600 86400 1\n@ NS ns\n@ A 127.0.0.1\n\
                 ns A 127.0.0.1\n* A 127.0.0.1\n{records}"
            );
            fs::write(folder.path().join(format!("{zone}.zone")), text)
                .expect("the test owns the folder");
        }
        let mut child =
            Child::spawn(Command::new(binary).arg("-c").arg(&config)).expect("Knot is executable");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        wait_for(LIMIT, || {
            let ended = child.try_wait();
            let lines = child.lines();
            async move {
                assert!(ended.is_none(), "Knot ended ({ended:?}):\n{}", lines.join("\n"));
                TcpStream::connect(address).await.ok()
            }
        })
        .await;
        Some(Self { address, _child: child, _folder: folder })
    }

    /// Where it answers queries and takes updates, over UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn configuration(folder: &Path, port: u16, zones: &[(&str, &str)]) -> String {
    let folder = folder.display();
    let mut text = format!(
        "server:\n  listen: 127.0.0.1@{port}\n  rundir: {folder}\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n\
         database:\n  storage: {folder}\n\
         log:\n- target: stderr\n  any: info\n\
         key:\n"
    );
    for Key { name, algorithm, secret } in [Key::SHA256, Key::SHA512] {
        let _ = write!(text, "- id: {name}\n  algorithm: {algorithm}\n  secret: {secret}\n");
    }
    let _ = write!(
        text,
        "acl:\n- id: update\n  key: [{}, {}]\n  action: update\n\
         template:\n- id: default\n  storage: {folder}\n  file: \"%s.zone\"\n  acl: update\n  zonefile-sync: -1\n  journal-content: all\n\
         zone:\n",
        Key::SHA256.name,
        Key::SHA512.name
    );
    for (zone, _) in zones {
        let _ = writeln!(text, "- domain: {zone}");
    }
    text
}
