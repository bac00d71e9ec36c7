//! A real ACME server, Pebble, with a configuration of its own; and the DNS server that comes
//! with it, whose records a test sets.

mod challtestsrv;
mod front;

use std::{fs, net::SocketAddr, process::Command};

use base64::{Engine, prelude::BASE64_STANDARD};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::json;
use tempfile::TempDir;

use crate::{LIMIT, child::Child, peers, pki::TestCa, ports, tls::TlsClient, wait_for};
pub use challtestsrv::ChallTestSrv;
pub use front::Front;

/// How Pebble is to behave; the default is quick and never fails on its own.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whom it asks for addresses and records.
    pub dns: SocketAddr,
    /// Where it looks for http-01 answers instead of port 80.
    pub http_port: u16,
    /// Where it looks for tls-alpn-01 answers instead of port 443.
    pub tls_port: u16,
    /// Percent of requests whose nonce it refuses.
    pub nonce_reject: u8,
    /// Percent of valid authorisations that it uses again for another order.
    pub authz_reuse: u8,
    /// Seconds before a validation at most; 0: at once.
    pub sleep: u8,
    /// Key id and base64url MAC key: accounts need one of them.
    pub external_accounts: Vec<(String, String)>,
    /// Other roots that chains are offered to, beside the first.
    pub alternate_roots: u8,
    /// Names that it never issues for.
    pub blocked: Vec<String>,
    /// Seconds that it says to wait before asking again.
    pub retry_after: u8,
}

impl Options {
    pub fn new(dns: SocketAddr, http_port: u16, tls_port: u16) -> Self {
        Self {
            dns,
            http_port,
            tls_port,
            nonce_reject: 0,
            authz_reuse: 0,
            sleep: 0,
            external_accounts: Vec::new(),
            alternate_roots: 0,
            blocked: Vec::new(),
            retry_after: 1,
        }
    }
}

/// Dropping it kills the process by its id and removes its folder.
pub struct Pebble {
    address: SocketAddr,
    directory: String,
    management: SocketAddr,
    ca: TestCa,
    child: Child,
    _folder: TempDir,
}

impl Pebble {
    /// Starts Pebble and waits until it answers. `None` where there is none: the test returns.
    pub async fn start(options: &Options) -> Option<Self> {
        let binary = peers::need("pebble")?;
        let ca = TestCa::new("Pebble's server");
        let pair = ca.leaf(&["127.0.0.1", "localhost"]);
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let [acme, management] = ports::free();
        let path = |name: &str| folder.path().join(name);
        let mut config = json!({
            "listenAddress": format!("127.0.0.1:{acme}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": path("tls.crt"),
            "privateKey": path("tls.key"),
            "httpPort": options.http_port,
            "tlsPort": options.tls_port,
            "ocspResponderURL": "",
            "domainBlocklist": options.blocked,
            "retryAfter": {"authz": options.retry_after, "order": options.retry_after},
        });
        if !options.external_accounts.is_empty() {
            config["externalAccountBindingRequired"] = true.into();
            config["externalAccountMACKeys"] = options.external_accounts.iter().cloned().collect();
        }
        fs::write(path("tls.crt"), &pair.chain_pem).expect("the test owns the folder");
        fs::write(path("tls.key"), &pair.key_pem).expect("the test owns the folder");
        let config = json!({ "pebble": config }).to_string();
        fs::write(path("pebble.json"), config).expect("the test owns the folder");
        let mut command = Command::new("sh");
        command
            // It logs where nobody listens.
            .args(["-c", "exec \"$0\" \"$@\" >&2"])
            .arg(binary)
            .arg("-config")
            .arg(path("pebble.json"))
            .args(["-strict", "-dnsserver", &options.dns.to_string()])
            .env("PEBBLE_WFE_NONCEREJECT", options.nonce_reject.to_string())
            .env("PEBBLE_AUTHZREUSE", options.authz_reuse.to_string())
            .env("PEBBLE_ALTERNATE_ROOTS", options.alternate_roots.to_string())
            .env("PEBBLE_VA_SLEEPTIME", options.sleep.to_string());
        if options.sleep == 0 {
            command.env("PEBBLE_VA_NOSLEEP", "1");
        }
        let mut child = Child::spawn(&mut command).expect("Pebble is executable");
        let [address, management] = [acme, management].map(|port| ([127, 0, 0, 1], port).into());
        // It listens at one after the other.
        for (door, path) in [(management, "/roots/0"), (address, "/dir")] {
            let pebble = wait_for(LIMIT, || {
                let ended = child.try_wait();
                let lines = child.lines();
                let answer = get(door, &ca, path);
                async move {
                    assert!(ended.is_none(), "Pebble ended ({ended:?}):\n{}", lines.join("\n"));
                    answer.await
                }
            });
            pebble.await;
        }
        let directory = format!("https://{address}/dir");
        Some(Self { address, directory, management, ca, child, _folder: folder })
    }

    /// The URL of its directory.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Who signed the certificate of its own server, in PEM.
    pub fn server_ca(&self) -> &str {
        self.ca.pem()
    }

    /// The same as `spec.acme.caBundle` of an Issuer wants it.
    pub fn ca_bundle(&self) -> String {
        BASE64_STANDARD.encode(self.ca.pem())
    }

    /// A root that it issues under: 0, and one for each alternate root.
    pub async fn root(&self, index: u8) -> CertificateDer<'static> {
        let pem = get(self.management, &self.ca, &format!("/roots/{index}")).await;
        let pem = pem.expect("Pebble's management answers");
        CertificateDer::from_pem_slice(pem.as_bytes()).expect("Pebble's roots are PEM")
    }

    /// What Pebble has logged, a line an entry.
    pub fn logs(&self) -> Vec<String> {
        self.child.lines()
    }
}

async fn get(door: SocketAddr, ca: &TestCa, path: &str) -> Option<String> {
    let answer = TlsClient::trusting(ca).get(door, "localhost", path).await.ok()?;
    answer.status.is_success().then(|| answer.text())
}

#[cfg(test)]
mod tests;
