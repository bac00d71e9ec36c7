//! One look at all hosts, over the user's own ssh.

use std::{
    cell::{Cell, RefCell},
    future::pending,
    io::IsTerminal,
    time::Duration,
};

use anyhow::{Context, Result};
use rotate::{Facts, HostName, Inventory, Ssh, discover, site::WallClock};
use tokio::time::{Instant, sleep};

use crate::{cli::runtime, table::names};

/// From when on it says whom it waits for, and how often.
const PATIENCE: Duration = Duration::from_secs(1);
/// Back to the line's beginning, and nothing in it (ECMA-48, EL).
const WIPE: &str = "\r\x1b[K";

/// The hosts of the inventory; connections are made when they are needed.
pub fn site(inventory: &Inventory) -> Result<Ssh> {
    Ssh::new(inventory).context("cannot make a folder for the connections of ssh")
}

/// On a terminal, says whom it waits for where that takes long.
pub fn gather(inventory: &Inventory) -> Result<Facts> {
    let site = site(inventory)?;
    let waiting = Waiting::for_all(inventory);
    let look = discover::gather_telling(&site, inventory, &WallClock, |host| waiting.no_more(host));
    runtime()?.block_on(async {
        tokio::select! {
            facts = look => {
                waiting.wipe();
                Ok(facts)
            }
            never = waiting.tell() => never,
        }
    })
}

/// The hosts that have not answered yet, in a line of standard error that is written over.
struct Waiting {
    hosts: RefCell<Vec<HostName>>,
    is_shown: Cell<bool>,
}

impl Waiting {
    fn for_all(inventory: &Inventory) -> Self {
        let hosts = inventory.hosts.iter().map(|host| host.name.clone()).collect();
        Self { hosts: RefCell::new(hosts), is_shown: Cell::new(false) }
    }

    fn no_more(&self, host: &HostName) {
        self.hosts.borrow_mut().retain(|waiting| waiting != host);
    }

    async fn tell(&self) -> ! {
        if !std::io::stderr().is_terminal() {
            pending::<()>().await;
        }
        let begun = Instant::now();
        loop {
            sleep(PATIENCE).await;
            self.is_shown.set(true);
            eprint!("{WIPE}{}", self.line(begun.elapsed()));
        }
    }

    fn line(&self, waited: Duration) -> String {
        let hosts: Vec<String> = self.hosts.borrow().iter().map(ToString::to_string).collect();
        format!("looking at {} ({} s)", names(&hosts), waited.as_secs())
    }

    fn wipe(&self) {
        if self.is_shown.get() {
            eprint!("{WIPE}");
        }
    }
}

#[cfg(test)]
mod tests {
    use rotate::inventory::Base;

    use super::*;

    #[test]
    fn whoever_has_not_answered_is_named() {
        let text = "apiVersion: doorward.dev/v1alpha1\nkind: ClusterInventory\n\
                    metadata: {name: prod}\n\
                    spec: {hosts: [{name: a}, {name: b}, {name: c}]}\n";
        let base = Base { file: "inventory.yaml".into(), home: None };
        let waiting = Waiting::for_all(&Inventory::parse(text, &base).unwrap());
        waiting.no_more(&HostName("b".into()));
        assert_eq!(waiting.line(Duration::from_millis(3100)), "looking at a c (3 s)");
    }
}
