//! `doorward check`: what would be served for manifests, and every problem. Starts nothing,
//! writes nothing.

use std::fmt::Write;

use anyhow::Result;
use jiff::Timestamp;
use model::{Model, Verdict};
use serde::Serialize;

use super::{
    Findings,
    describe::{name_table, server_table},
    get::{binding_table, listener_table},
    manifests, print,
    problems::{self, among, count, of_manifests},
};
use crate::{
    args::{CheckArgs, Output},
    config::Offline,
    table::Screen,
    view::{ListenerView, VerdictView},
};

/// What `check -o json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    listeners: Vec<ListenerView>,
    verdicts: Vec<VerdictView>,
}

pub fn check(args: &CheckArgs) -> Result<Findings> {
    let CheckArgs { paths, look } = args;
    let offline = Offline::read(look.config.as_deref(), paths)?;
    let found = manifests::read(paths, &offline.settings, None, Timestamp::now())?;
    let report = Report::new(&found.model, &of_manifests(found.verdicts));
    match look.output.output {
        Output::Json => super::print_json(&report)?,
        Output::Table => print(&report.text(Screen::of_stdout()))?,
    }
    Ok(Findings::when(!among(&report.verdicts).is_empty()))
}

impl Report {
    fn new(model: &Model, verdicts: &[Verdict]) -> Self {
        let listeners = model.load_balancers.iter().flat_map(|balancer| {
            balancer.listeners.iter().map(move |listener| {
                ListenerView::new(model, balancer, listener, verdicts, None)
                    .in_full(model, listener, None)
            })
        });
        Self {
            listeners: listeners.collect(),
            verdicts: verdicts.iter().map(VerdictView::from).collect(),
        }
    }

    fn text(&self, screen: Screen) -> String {
        let mut text = match self.listeners.as_slice() {
            [] => "nothing would be served\n".to_owned(),
            listeners => listener_table(listeners, screen).to_string(),
        };
        for listener in &self.listeners {
            if listener.served.is_empty() {
                continue;
            }
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\n{}", listener.key());
            if !listener.certificates.is_empty() {
                let _ = writeln!(text, "{}", binding_table(&listener.certificates, screen));
            }
            if !listener.servers.is_empty() {
                let _ = writeln!(text, "{}", server_table(&listener.servers, screen));
            }
            let _ = write!(text, "{}", name_table(&listener.served, screen));
        }
        let problems = among(&self.verdicts);
        if !problems.is_empty() {
            text.push('\n');
        }
        problems.iter().for_each(|problem| text.push_str(&problems::line(problem)));
        text + "\n" + &count(problems.len())
    }
}
