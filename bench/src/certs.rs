//! Many certificates in one server: time until the last is served, memory, and the time until a
//! changed one is served.

use std::time::Duration;

use anyhow::Result;

use crate::{
    Common,
    load::Backend,
    peer::{Kind, Served},
    peers::other_core,
    say,
    site::Site,
    table::{Table, duration, machine, median, megabytes},
};

struct Figures {
    ready: Duration,
    memory: u64,
    changed_in: Duration,
    memory_after: u64,
}

pub async fn measure(common: &Common, counts: &[usize], changes: usize) -> Result<()> {
    let backend = Backend::start(other_core(common.core)).await?;
    let kinds = Kind::chosen(common);
    println!("{}; a change is the median of {changes}.\n", machine());
    for &count in counts {
        say(format!("making {count} certificates"));
        let site = Site::many(count, backend.address);
        let mut table =
            Table::new(&["server", "ready in", "memory", "a change served after", "memory then"]);
        for &kind in &kinds {
            match figures(kind, common, &site, changes).await {
                Ok(figures) => table.row(vec![
                    kind.version(common),
                    duration(figures.ready),
                    megabytes(figures.memory),
                    duration(figures.changed_in),
                    megabytes(figures.memory_after),
                ]),
                Err(error) => say(format!("{}: {error:#}", kind.title())),
            }
        }
        println!("{count} certificates (ECDSA P-256), each for a name of its own:\n");
        table.print();
    }
    Ok(())
}

async fn figures(kind: Kind, common: &Common, site: &Site, changes: usize) -> Result<Figures> {
    let mut served = Served::start(kind, common, site).await?;
    let (ready, memory) = (served.ready_in, served.process.memory());
    say(format!(
        "{}: {} certificates ready in {}, {}",
        kind.title(),
        site.names.len(),
        duration(ready),
        megabytes(memory)
    ));
    let mut times = Vec::new();
    for change in 0..changes {
        // Spread over the names; never twice the same one.
        let index = change * site.names.len() / changes.max(1);
        let pair = site.ca.leaf(&[&site.names[index]]);
        let time = served.change(site, index, &pair).await?;
        say(format!("{}: a change was served after {}", kind.title(), duration(time)));
        times.push(time.as_secs_f64());
    }
    let changed_in = Duration::from_secs_f64(median(times).unwrap_or_default());
    Ok(Figures { ready, memory, changed_in, memory_after: served.process.memory() })
}
