//! CPU per handshake and per request: the process tree's user and system time over the answers.

use std::time::Duration;

use anyhow::Result;

use crate::{
    Common,
    load::{Backend, Load},
    peer::{Kind, Served},
    say,
    site::Site,
    table::{Table, machine, median},
};

const LOADS: [(Load, &str); 4] = [
    (Load::Handshakes, "full TLS 1.3 handshake + request"),
    (Load::HybridHandshakes, "the same, X25519MLKEM768"),
    (Load::Http1, "kept-alive HTTPS request"),
    (Load::Http2, "HTTP/2 request"),
];

/// All servers run from the start, and each round asks them in turn: whatever else slows the
/// machine slows them alike. A server that is not asked uses no CPU.
pub async fn measure(common: &Common, seconds: u64, rounds: usize) -> Result<()> {
    let backend = Backend::start(other_core(common.core)).await?;
    let site = Site::single(backend.address);
    let time = Duration::from_secs(seconds);
    let kinds = Kind::chosen(common);
    let mut servers = Vec::new();
    for &kind in &kinds {
        servers.push(Served::start(kind, common, &site).await?);
    }
    let mut measured = Vec::new();
    for (load, _) in LOADS {
        measured.push(costs(&servers, load, time, rounds).await?);
    }
    println!(
        "CPU per operation on one core, {}; median of {rounds} runs of {seconds} s.\n",
        machine()
    );
    print(common, &kinds, &measured);
    Ok(())
}

/// Microseconds of CPU per answer of each server; `None` where it cannot do that.
async fn costs(
    servers: &[Served],
    load: Load,
    time: Duration,
    rounds: usize,
) -> Result<Vec<Option<f64>>> {
    let mut able = Vec::new();
    for served in servers {
        // Fills caches, pools and the branch predictor.
        let warmed = load.drive(served.address, Duration::from_secs(1)).await;
        able.push(match warmed {
            Ok(_) => true,
            // Servers without the hybrid group are no fault of the bench.
            Err(_) if load == Load::HybridHandshakes => false,
            Err(error) => return Err(error.context(format!("{load:?} on {}", served.kind.title()))),
        });
    }
    let mut costs = vec![Vec::new(); servers.len()];
    for _ in 0..rounds {
        for (index, served) in servers.iter().enumerate().filter(|(index, _)| able[*index]) {
            costs[index].push(cost(served, load, time).await?);
        }
    }
    Ok(costs.into_iter().map(median).collect())
}

async fn cost(served: &Served, load: Load, time: Duration) -> Result<f64> {
    let before = served.process.cpu();
    let answered = load.drive(served.address, time).await?;
    let used = served.process.cpu().saturating_sub(before);
    let cost = used.as_secs_f64() * 1e6 / answered.max(1) as f64;
    let share = used.as_secs_f64() / time.as_secs_f64() * 100.0;
    let rate = answered as f64 / time.as_secs_f64();
    let title = served.kind.title();
    say(format!("{title} {load:?}: {cost:.1} µs each, {rate:.0}/s, {share:.0} % of the core"));
    Ok(cost)
}

fn print(common: &Common, kinds: &[Kind], measured: &[Vec<Option<f64>>]) {
    let versions: Vec<_> = kinds.iter().map(|kind| kind.version(common)).collect();
    let head: Vec<_> = std::iter::once("CPU per")
        .chain(versions.iter().map(String::as_str))
        .chain(["Doorward / best peer"])
        .collect();
    let mut table = Table::new(&head);
    for (index, (_, title)) in LOADS.iter().enumerate() {
        let costs = &measured[index];
        let cell =
            |cost: &Option<f64>| cost.map_or("–".to_owned(), |cost| format!("{cost:.0} µs"));
        let mut row = vec![(*title).to_owned()];
        row.extend(costs.iter().map(cell));
        row.push(ratio(kinds, costs).map_or("–".to_owned(), |ratio| format!("{ratio:.2}")));
        table.row(row);
    }
    table.print();
}

fn ratio(kinds: &[Kind], costs: &[Option<f64>]) -> Option<f64> {
    let ours = kinds.iter().position(|&kind| kind == Kind::Doorward)?;
    let others = costs.iter().enumerate().filter(|(index, _)| *index != ours);
    let best = others.filter_map(|(_, cost)| *cost).min_by(f64::total_cmp)?;
    Some(costs[ours]? / best)
}

/// Where drivers and backend go: the script has pinned this process there already.
pub fn other_core(core: usize) -> usize {
    usize::from(core == 0)
}
