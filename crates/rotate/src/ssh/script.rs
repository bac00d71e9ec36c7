//! What is sent to a host's shell, and what of its answer counts.
//!
//! A script goes over standard input, so that no argument list shows what it writes. It is one
//! function that is called at the end: a script that arrives half is not run at all. The answer
//! stands between two lines with a random mark, so that banners and login scripts say what they
//! like.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

const COMMON: &str = include_str!("scripts/common.sh");

/// A script with the values it is about.
#[derive(Clone)]
pub struct Script {
    /// What is written may be a key.
    values: Zeroizing<String>,
    parts: Vec<&'static str>,
}

impl Script {
    pub fn new(body: &'static str) -> Self {
        Self { values: Zeroizing::default(), parts: vec![body] }
    }

    /// Functions that the body uses.
    pub fn with(mut self, functions: &'static str) -> Self {
        self.parts.insert(0, functions);
        self
    }

    /// A variable.
    pub fn set(mut self, name: &str, value: impl AsRef<str>) -> Self {
        let _ = writeln!(*self.values, "{name}={}", quoted(value.as_ref()));
        self
    }

    /// A variable that is a path.
    pub fn path(self, name: &str, path: &Path) -> Self {
        self.set(name, path.to_string_lossy())
    }

    /// The positional parameters.
    pub fn over<'a>(mut self, paths: impl IntoIterator<Item = &'a Path>) -> Self {
        self.values.push_str("set --");
        for path in paths {
            let _ = write!(*self.values, " {}", quoted(&path.to_string_lossy()));
        }
        self.values.push('\n');
        self
    }

    /// The whole text, which answers between two lines that hold `mark`.
    pub fn text(&self, mark: &str) -> Zeroizing<String> {
        let (values, parts) = (self.values.as_str(), self.parts.concat());
        Zeroizing::new(format!(
            "doorward() {{\nLC_ALL=C\nexport LC_ALL\n\
             PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin\n{COMMON}{values}{parts}}}\n\
             printf '\\n%s begin\\n' {mark}\n\
             (doorward) </dev/null\n\
             printf '\\n%s end %s\\n' {mark} $?\n"
        ))
    }
}

/// For a POSIX shell: whatever is in it stays one word.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// What a script said, line by line.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub lines: Vec<Line>,
}

#[derive(PartialEq, Eq)]
pub struct Line {
    pub key: String,
    rest: String,
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// It never began; what was said instead.
    NotRun(String),
    /// It began and did not come to its end.
    CutOff,
    /// It came to its end with another code than 0, which none of our scripts means to.
    Failed(i32),
    /// In the script's own words.
    Problem(String),
}

impl Answer {
    pub fn read(output: &[u8], mark: &str) -> Result<Self, NoAnswer> {
        let output = String::from_utf8_lossy(output);
        let Some((_, after)) = output.split_once(&format!("{mark} begin\n")) else {
            let first = output.lines().map(str::trim).find(|line| !line.is_empty());
            return Err(NoAnswer::NotRun(first.unwrap_or_default().to_owned()));
        };
        let (said, code) = after.split_once(&format!("{mark} end ")).ok_or(NoAnswer::CutOff)?;
        match code.split_whitespace().next().and_then(|code| code.parse().ok()) {
            Some(0) => {}
            Some(code) => return Err(NoAnswer::Failed(code)),
            None => return Err(NoAnswer::CutOff),
        }
        let lines: Vec<_> = said.lines().filter(|line| !line.is_empty()).map(Line::read).collect();
        match lines.iter().find(|line| line.key == "problem") {
            Some(problem) => Err(NoAnswer::Problem(problem.rest.clone())),
            None => Ok(Self { lines }),
        }
    }

    /// The first line of this kind.
    pub fn line(&self, key: &str) -> Option<&Line> {
        self.all(key).next()
    }

    pub fn all(&self, key: &str) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.key == key)
    }
}

/// Without what may be a key.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.key, self.rest.len())
    }
}

impl Line {
    fn read(line: &str) -> Self {
        let (key, rest) = line.split_once(' ').unwrap_or((line, ""));
        Self { key: key.to_owned(), rest: rest.trim_end().to_owned() }
    }

    /// All behind the key.
    pub fn rest(&self) -> &str {
        &self.rest
    }

    /// The n-th word behind the key, from 0.
    pub fn word(&self, n: usize) -> Option<&str> {
        self.rest.split(' ').nth(n)
    }

    pub fn number<T: std::str::FromStr>(&self, n: usize) -> Option<T> {
        self.word(n)?.parse().ok()
    }

    /// The n-th word's bytes, where it is base64; a `=` in front keeps an empty one visible.
    pub fn bytes(&self, n: usize) -> Option<Vec<u8>> {
        let word = self.word(n)?;
        STANDARD.decode(word.strip_prefix('=').unwrap_or(word)).ok()
    }

    pub fn text(&self, n: usize) -> Option<String> {
        String::from_utf8(self.bytes(n)?).ok()
    }

    /// Names and values of a text that has `NAME=VALUE` in each line.
    pub fn values(&self, n: usize) -> Option<BTreeMap<String, String>> {
        let text = self.text(n)?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Some(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

#[cfg(test)]
mod tests;
