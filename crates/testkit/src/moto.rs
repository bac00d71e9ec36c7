//! A second opinion on AWS's protocols: moto, a server in Python that answers as AWS does, within
//! limits. It looks into no zone and lets go of nothing, so it serves for the form of calls alone.

use std::process::Command;

use crate::{LIMIT, child::Child, peers, wait_for};

/// Dropping it kills the process by its id.
pub struct Moto {
    url: String,
    _child: Child,
}

impl Moto {
    /// Starts it with nothing in it and waits until it listens. Certificates count as validated
    /// after a second. `None` where there is none: the test returns.
    pub async fn start() -> Option<Self> {
        let binary = peers::need("moto_server")?;
        let child = Child::spawn(
            Command::new(binary)
                .args(["-H", "127.0.0.1", "-p", "0"])
                .env("MOTO_ACM_VALIDATION_WAIT", "1"),
        )
        .expect("it can be executed");
        let url = wait_for(LIMIT * 3, || {
            let lines = child.lines();
            async move {
                let line = lines.iter().find(|line| line.contains("Running on http"))?;
                line.split_whitespace().last().map(str::to_owned)
            }
        })
        .await;
        Some(Self { url, _child: child })
    }

    /// `http://127.0.0.1:PORT`, the endpoint of every service.
    pub fn url(&self) -> &str {
        &self.url
    }
}
