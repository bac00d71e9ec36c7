//! `pebble-challtestsrv` as a DNS server: every name is at 127.0.0.1, and a test adds TXT
//! records over its management API.

use std::{net::SocketAddr, process::Command};

use http::Method;
use serde_json::{Value, json};

use crate::{
    LIMIT,
    child::Child,
    http::{request, send},
    peers, ports, wait_until,
};

/// Dropping it kills the process by its id.
pub struct ChallTestSrv {
    dns: SocketAddr,
    management: SocketAddr,
    _child: Child,
}

impl ChallTestSrv {
    /// Starts it and waits until it answers. `None` where there is none: the test returns.
    pub async fn start() -> Option<Self> {
        let binary = peers::need("pebble-challtestsrv")?;
        let [dns, management] = ports::free();
        let [dns, management] =
            [dns, management].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let child = Child::spawn(
            Command::new(binary)
                .args(["-dns01", &dns.to_string(), "-management", &management.to_string()])
                .args(["-http01", "", "-https01", "", "-tlsalpn01", ""])
                .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]),
        )
        .expect("pebble-challtestsrv is executable");
        let server = Self { dns, management, _child: child };
        wait_until(LIMIT, || async {
            server.ask("clear-txt", json!({"host": "nobody.test."})).await.is_ok()
        })
        .await;
        Some(server)
    }

    /// Where it answers DNS queries, over UDP and TCP.
    pub fn dns(&self) -> SocketAddr {
        self.dns
    }

    /// Where `POST /set-txt` and `/clear-txt` are.
    pub fn management(&self) -> SocketAddr {
        self.management
    }

    /// Sets where a name is; no address: it is nowhere.
    pub async fn set_address(&self, host: &str, address: Option<&str>) {
        let addresses: Vec<_> = address.into_iter().collect();
        let body = json!({"host": format!("{host}."), "addresses": addresses});
        self.ask("add-a", body).await.expect("it answers");
    }

    async fn ask(&self, verb: &str, body: Value) -> std::io::Result<()> {
        let uri = format!("http://{}/{verb}", self.management);
        let answer = send(self.management, request(Method::POST, &uri, body.to_string())).await?;
        assert!(answer.status.is_success(), "{verb}: {}", answer.text());
        Ok(())
    }
}
