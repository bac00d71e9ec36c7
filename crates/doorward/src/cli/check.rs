//! `doorward check`: what would be served for manifests, and every problem. Starts nothing,
//! writes nothing.

use std::fmt::Write;

use ::watch::folder::{Folder, FolderOptions};
use anyhow::{Result, ensure};
use jiff::Timestamp;
use model::{Model, Reason, State, Verdict};
use serde::Serialize;
use translate::{Memory, Translator};

use super::{
    describe::{name_table, server_table},
    get::{binding_table, listener_table},
    print,
};
use crate::{
    app::issuing::workshop,
    args::{CheckArgs, Output},
    config,
    table::Screen,
    view::{ListenerView, VerdictView},
};

/// Whether `check` found anything to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Findings {
    None,
    Some,
}

/// What `check -o json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    listeners: Vec<ListenerView>,
    verdicts: Vec<VerdictView>,
}

pub fn check(args: &CheckArgs) -> Result<Findings> {
    for path in &args.paths {
        ensure!(path.exists(), "{}: there is no such file or folder", path.display());
    }
    let settings = config::settings_for_check(args.config.as_deref(), &args.paths)?;
    let world = Folder::new(FolderOptions {
        roots: args.paths.clone(),
        state: None,
        store_namespace: settings.store_namespace.clone(),
    })
    .load();
    let mut translation =
        Translator::default().translate(&world, &settings, &Memory::default(), Timestamp::now());
    workshop::judge(&translation.model, &mut translation.verdicts);

    let verdicts: Vec<Verdict> =
        translation.verdicts.into_iter().filter(|verdict| !is_work_of_a_run(verdict)).collect();
    let report = Report::new(&translation.model, &verdicts);
    match args.output.output {
        Output::Json => super::print_json(&report)?,
        Output::Table => print(&report.text(Screen::of_stdout()))?,
    }
    let problem = verdicts.iter().find(|verdict| verdict.state != State::Accepted);
    Ok(problem.map_or(Findings::None, |_| Findings::Some))
}

/// A certificate that `run` would have issued in a moment is no problem.
fn is_work_of_a_run(verdict: &Verdict) -> bool {
    verdict.reason == Reason::CertificatePending
}

impl Report {
    fn new(model: &Model, verdicts: &[Verdict]) -> Self {
        let view = |(balancer, listener): (_, &std::sync::Arc<model::Listener>)| {
            ListenerView::new(model, balancer, listener, verdicts, None)
                .in_full(model, listener, None)
        };
        let listeners = model.load_balancers.iter().flat_map(|balancer| {
            balancer.listeners.iter().map(move |listener| (balancer, listener))
        });
        Self {
            listeners: listeners.map(view).collect(),
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
        let problems: Vec<_> = self
            .verdicts
            .iter()
            .filter(|verdict| verdict.state != State::Accepted.to_string())
            .collect();
        if !problems.is_empty() {
            text.push('\n');
        }
        for problem in &problems {
            text.push_str(&line(problem));
        }
        let _ = match problems.len() {
            0 => writeln!(text, "\nno problems"),
            1 => writeln!(text, "\n1 problem"),
            many => writeln!(text, "\n{many} problems"),
        };
        text
    }
}

/// `FILE:LINE: rejected: Ingress shop/web, spec.tls[0].secretName: message (SecretNotFound)`, as
/// compilers write, so that editors can jump there.
fn line(problem: &VerdictView) -> String {
    let mut parts: Vec<&str> = Vec::new();
    parts.extend(problem.origin.as_deref());
    let state = problem.state.to_lowercase();
    parts.push(&state);
    let place = match &problem.field {
        Some(field) => format!("{}, {field}", problem.object),
        None => problem.object.clone(),
    };
    // A file as a whole is named by its origin already.
    if problem.origin.is_none() || !problem.object.starts_with("File ") {
        parts.push(&place);
    }
    format!("{}: {} ({})\n", parts.join(": "), problem.message, problem.reason)
}
