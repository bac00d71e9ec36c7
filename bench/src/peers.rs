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

pub async fn measure(common: &Common, seconds: u64, rounds: usize) -> Result<()> {
    let backend = Backend::start(other_core(common.core)).await?;
    let site = Site::single(backend.address);
    let time = Duration::from_secs(seconds);
    let kinds = Kind::chosen(common);
    let mut measured = Vec::new();
    for &kind in &kinds {
        let served = Served::start(kind, common, &site).await?;
        let mut row = Vec::new();
        for (load, title) in LOADS {
            row.push(cost(&served, load, time, rounds).await.unwrap_or_else(|error| {
                say(format!("{}: {title}: {error:#}", kind.title()));
                None
            }));
        }
        measured.push(row);
    }
    println!(
        "CPU per operation on one core, {}; median of {rounds} runs of {seconds} s.\n",
        machine()
    );
    print(common, &kinds, &measured);
    Ok(())
}

/// Microseconds of CPU per answer; `None` where the server cannot do it.
async fn cost(served: &Served, load: Load, time: Duration, rounds: usize) -> Result<Option<f64>> {
    // Fills caches, pools and the branch predictor.
    if let Err(error) = load.drive(served.address, Duration::from_secs(1)).await {
        // Servers without the hybrid group are no fault of the bench.
        return match load {
            Load::HybridHandshakes => Ok(None),
            _ => Err(error),
        };
    }
    let mut costs = Vec::new();
    for _ in 0..rounds {
        let before = served.process.cpu();
        let answered = load.drive(served.address, time).await?;
        let used = served.process.cpu().saturating_sub(before);
        let cost = used.as_secs_f64() * 1e6 / answered.max(1) as f64;
        let share = used.as_secs_f64() / time.as_secs_f64() * 100.0;
        let rate = answered as f64 / time.as_secs_f64();
        say(format!(
            "{} {load:?}: {cost:.1} µs each, {rate:.0}/s, {share:.0} % of the core",
            served.kind.title()
        ));
        costs.push(cost);
    }
    Ok(median(costs))
}

fn print(common: &Common, kinds: &[Kind], measured: &[Vec<Option<f64>>]) {
    let versions: Vec<_> = kinds.iter().map(|kind| kind.version(common)).collect();
    let head: Vec<_> = std::iter::once("CPU per")
        .chain(versions.iter().map(String::as_str))
        .chain(["Doorward / best peer"])
        .collect();
    let mut table = Table::new(&head);
    for (index, (_, title)) in LOADS.iter().enumerate() {
        let costs: Vec<_> = measured.iter().map(|row| row[index]).collect();
        let cell =
            |cost: &Option<f64>| cost.map_or("–".to_owned(), |cost| format!("{cost:.0} µs"));
        let mut row = vec![(*title).to_owned()];
        row.extend(costs.iter().map(cell));
        row.push(ratio(kinds, &costs).map_or("–".to_owned(), |ratio| format!("{ratio:.2}")));
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
