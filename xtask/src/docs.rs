//! Holds the docs to the code: the commands they show exist, with the flags they show, and their
//! links lead somewhere. It does not run the commands.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{cargo, run};

pub fn check(root: &Path) -> Result<()> {
    let mut problems = Vec::new();
    let mut help = Help::default();
    for page in pages(root)? {
        let text = fs::read_to_string(&page)?;
        let name = page.strip_prefix(root).unwrap_or(&page).display();
        for (line, command) in commands(&text) {
            if let Some(problem) = help.problem_with(root, &command)? {
                problems.push(format!("{name}:{line}: {problem}"));
            }
        }
        let folder = page.parent().context("a page has a folder")?;
        for (line, link) in links(&text) {
            if !folder.join(&link).exists() {
                problems.push(format!("{name}:{line}: {link} does not exist"));
            }
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    bail!("the docs do not fit the code:\n{}", problems.join("\n"))
}

/// What is wrong with one command line of ours, if anything.
pub fn problem_with(root: &Path, command: &str) -> Result<Option<String>> {
    Help::default().problem_with(root, command)
}

/// The Markdown files of the root, of docs and of examples.
fn pages(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            } else if entry.file_type()?.is_dir() && (folder != root || is_documented(&path)) {
                folders.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_documented(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| ["docs", "examples", "fuzz", "bench"].map(str::as_ref).contains(&name))
}

/// Lines of code blocks that call one of our commands, with their numbers. A line that ends in
/// `\` goes on in the next.
fn commands(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut inside = false;
    let mut begun: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
            continue;
        }
        if !inside {
            continue;
        }
        let (number, mut command) = begun.take().unwrap_or((index + 1, String::new()));
        command.push_str(line.trim().trim_start_matches("$ "));
        if let Some(unfinished) = command.strip_suffix('\\') {
            begun = Some((number, unfinished.to_owned()));
        } else if ["doorward ", "cargo run ", "cargo xtask ", "just "]
            .iter()
            .any(|start| command.starts_with(start))
        {
            found.push((number, command));
        }
    }
    found
}

/// Relative links, without their anchors.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for rest in line.split("](").skip(1) {
            let Some((target, _)) = rest.split_once(')') else { continue };
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains(':') {
                found.push((index + 1, path.to_owned()));
            }
        }
    }
    found
}

/// What the programs say of themselves, asked once for each of their commands.
#[derive(Default)]
struct Help {
    told: BTreeMap<Vec<String>, Option<String>>,
}

impl Help {
    fn problem_with(&mut self, root: &Path, command: &str) -> Result<Option<String>> {
        let words: Vec<_> = command.split_whitespace().take_while(|word| !is_shell(word)).collect();
        let (program, words) = match words.as_slice() {
            ["doorward", words @ ..] => ("doorward", words),
            ["cargo", "xtask", words @ ..] => ("xtask", words),
            ["cargo", "run", words @ ..] => match words.iter().position(|&word| word == "--") {
                Some(end) => ("doorward", &words[end + 1..]),
                None => return Ok(None),
            },
            ["just", recipe, ..] => return just_problem(root, recipe),
            _ => return Ok(None),
        };
        let path: Vec<_> = words.iter().take_while(|word| is_subcommand(word)).take(2).collect();
        let Some(help) = self.longest_help(program, &path) else {
            return Ok(Some(format!("{program} knows no {}", words.join(" "))));
        };
        let flags = words.iter().take_while(|&&word| word != "--");
        let flags = flags.filter(|word| word.starts_with('-') && word.len() > 1);
        let unknown = flags
            .map(|flag| flag.split('=').next().unwrap_or(flag))
            .find(|flag| !mentions(&help, flag));
        Ok(unknown.map(|flag| format!("{program} {} has no {flag}", words[0])))
    }

    /// Help of the deepest command that the words name; at least the first must be one.
    fn longest_help(&mut self, program: &str, path: &[&&str]) -> Option<String> {
        (path.len().min(1)..=path.len()).rev().find_map(|depth| {
            let key: Vec<_> = std::iter::once(program)
                .chain(path[..depth].iter().map(|word| **word))
                .map(str::to_owned)
                .collect();
            self.told.entry(key.clone()).or_insert_with(|| ask(&key)).clone()
        })
    }
}

fn ask(key: &[String]) -> Option<String> {
    let (program, path) = key.split_first()?;
    let mut command = cargo();
    command.args(["run", "--quiet", "--package", program, "--"]).args(path).arg("--help");
    run(&mut command).ok()
}

fn just_problem(root: &Path, recipe: &str) -> Result<Option<String>> {
    let recipes = fs::read_to_string(root.join("justfile"))?;
    let known = recipes.lines().filter_map(|line| line.split([' ', ':']).next());
    let is_known = known.into_iter().any(|name| name == recipe);
    Ok((!is_known).then(|| format!("justfile has no recipe {recipe}")))
}

fn is_subcommand(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-')
}

fn is_shell(word: &str) -> bool {
    ["|", ">", "<", "&", "&&", ";", "#", "2>"].contains(&word)
}

fn mentions(help: &str, flag: &str) -> bool {
    help.split(|c: char| c.is_whitespace() || ",=<[]'\"`".contains(c)).any(|word| word == flag)
}

#[cfg(test)]
mod tests;
