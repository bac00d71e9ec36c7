//! What pages show of a terminal, read for tests that do as they say.

use std::net::SocketAddr;

/// A command, and what it is said to answer; nothing is said of most.
pub struct Printed {
    pub command: String,
    pub output: String,
}

/// The commands in the `console` blocks of a page. One that ends in `\` goes on in the next line.
pub fn printed(markdown: &str) -> Vec<Printed> {
    let mut found: Vec<Printed> = Vec::new();
    let blocks = markdown.split("```console\n").skip(1);
    for line in blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines()) {
        if let Some(command) = line.trim_start().strip_prefix("$ ") {
            found.push(Printed { command: command.to_owned(), output: String::new() });
        } else if let Some(last) = found.last_mut() {
            let is_begun = last.command.ends_with('\\') && last.output.is_empty();
            let part = if is_begun { &mut last.command } else { &mut last.output };
            part.push('\n');
            part.push_str(line);
        }
    }
    found
}

/// Whether a terminal shows these lines, in this order, whatever else it shows. Ages, addresses
/// and the width of columns are each run's own.
pub fn shows(shown: &str, printed: &str) -> bool {
    let mut shown = shown.lines().map(essence);
    let mut wanted =
        printed.lines().map(essence).filter(|line| !["", "…"].contains(&line.as_str()));
    wanted.all(|line| shown.any(|other| other == line))
}

fn essence(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let bare = word.trim_end_matches(')');
        let is_time = bare.len() > 1
            && bare.starts_with(|c: char| c.is_ascii_digit())
            && bare.chars().all(|c| c.is_ascii_digit() || "smhd".contains(c));
        match word.parse::<SocketAddr>() {
            Ok(_) => "ADDRESS",
            Err(_) if is_time => "TIME",
            Err(_) => word,
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_line_that_differs_in_time_and_width_is_the_same() {
    let printed = "NAME  AGE\n…\nweb   5s (x2 over 60s)";
    assert!(shows("NAME AGE\nother 1m\nweb     2m (x2 over 3m10s)\n", printed));
    assert!(!shows("NAME AGE\nweb 2m (x3 over 3m)\n", printed));
    assert!(!shows("web 2m (x2 over 3m)\nNAME AGE\n", printed));
}
