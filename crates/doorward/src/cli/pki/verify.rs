//! `doorward pki verify`: what every file on every machine holds, what is served of it, and
//! every problem. What people ask openssl for in loops.

use std::fmt::Write;

use anyhow::Result;
use jiff::SignedDuration;
use rotate::{
    Inventory,
    status::{self, File, Served, State, Status},
};
use serde::Serialize;

use super::{
    FAILED, look,
    status::{day, left, paragraph, troubles},
};
use crate::{
    args::{Output, PkiVerifyArgs},
    cli::{print, print_json},
    table::{Screen, Table},
};

/// What `-o json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    files: Vec<File>,
    problems: Vec<String>,
}

pub fn verify(args: &PkiVerifyArgs, inventory: &Inventory) -> Result<u8> {
    let facts = look::gather(inventory)?;
    let status = Status::of(&facts, SignedDuration::ZERO);
    let report = Report { files: status::files(&facts, &status), problems: problems(&status) };
    match args.output.output {
        Output::Json => print_json(&report)?,
        Output::Table => print(&report.text(&status, Screen::of_stdout()))?,
    }
    Ok(if report.problems.is_empty() { 0 } else { FAILED })
}

/// What ends soon is no problem here: files and processes go together, and all is valid now.
fn problems(status: &Status) -> Vec<String> {
    let unreached = status.hosts.iter().filter_map(|host| {
        Some(format!("{}: not looked at: {}", host.name, host.unreached.as_ref()?))
    });
    let bad = status.certificates.iter().filter(|row| row.state > State::Critical);
    let files = bad.map(|row| {
        let why = row.problem.as_deref().unwrap_or("it has ended");
        format!("{}:{}: {why}", row.host, row.place())
    });
    let ended = status.authorities.iter().filter(|row| row.state > State::Critical);
    let authorities = ended.map(|row| format!("the authority {} has ended", row.name));
    let running =
        status.problems.iter().map(|problem| format!("{}: {}", problem.host, problem.text));
    let mixed = status.condition.clone().filter(|_| status.is_half_rotated);
    unreached.chain(files).chain(authorities).chain(running).chain(mixed).collect()
}

impl Report {
    fn text(&self, status: &Status, screen: Screen) -> String {
        let header = ["HOST", "FILE", "CERTIFICATE", "NOT AFTER", "LEFT", "SERVED", "SERIAL"];
        let mut table =
            Table::new(screen, &header, &["FILE"]).yielding(&["SERIAL", "CERTIFICATE", "LEFT"]);
        for file in &self.files {
            let served = match &file.served {
                Some(Served::Same) => "same",
                Some(Served::Other(_)) => "OTHER",
                Some(Served::Unknown(_)) => "?",
                Some(Served::NotAsked) | None => "",
            };
            table.row([
                file.host.to_string(),
                file.path.display().to_string(),
                file.name.clone(),
                day(file.not_after),
                left(file.not_after, status.at),
                served.to_owned(),
                file.serial.clone(),
            ]);
        }
        let mut text = table.to_string();
        let notes = Status { problems: Vec::new(), ..status.clone() };
        text.push_str(&paragraph(&troubles(&notes)));
        // Writing to a String cannot fail.
        for problem in &self.problems {
            let _ = write!(text, "\n{problem}");
        }
        let _ = match self.problems.len() {
            0 => writeln!(text, "\nno problems"),
            1 => writeln!(text, "\n\n1 problem"),
            many => writeln!(text, "\n\n{many} problems"),
        };
        text
    }
}
