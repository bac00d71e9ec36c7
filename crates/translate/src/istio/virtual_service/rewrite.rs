//! `rewrite`: another path and host for the backend.

use model::{PathChange, Reason, Rewrite, TextMatch};
use regex::Regex;
use std::sync::Arc;

use super::{matches::HttpMatch, text_match};
use crate::dialect::{Fields, Problems};

#[derive(Clone, Debug, Default)]
pub(super) struct RewritePlan {
    path: Option<NewPath>,
    pub authority: Option<Box<str>>,
}

#[derive(Clone, Debug)]
enum NewPath {
    /// In place of what the match fits.
    Uri(Box<str>),
    Regex {
        pattern: Arc<Regex>,
        with: Box<str>,
    },
}

impl RewritePlan {
    pub fn read(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let mut block = rule.child("rewrite", "HTTPRewrite", problems)?;
        let uri = block.text("uri", problems);
        let authority = block.text("authority", problems);
        let regex = block.child("uriRegexRewrite", "RegexRewrite", problems);
        let regex = regex.map(|mut regex| {
            let read = regex_rewrite(&mut regex, problems);
            regex.finish(problems);
            read
        });
        if uri.is_some() && regex.is_some() {
            let text = "uri and uriRegexRewrite exclude each other: keep one";
            problems.reject(Reason::InvalidField, block.path(), text);
        }
        if uri.is_none() && authority.is_none() && regex.is_none() {
            let text = "it rewrites nothing: write uri, authority or uriRegexRewrite";
            problems.reject(Reason::InvalidField, block.path(), text);
        }
        block.finish(problems);
        let path = uri.map(|uri| NewPath::Uri(uri.into())).or(regex.flatten());
        Some(Self { path, authority: authority.map(Into::into) })
    }

    /// What it comes to for requests of one match block.
    pub fn of(&self, matches: &HttpMatch) -> Rewrite {
        let change = self.path.as_ref().map(|path| match path {
            NewPath::Uri(uri) => in_place_of_match(matches, uri),
            NewPath::Regex { pattern, with } => {
                PathChange::Regex { pattern: pattern.clone(), with: with.clone() }
            }
        });
        Rewrite { host: self.authority.clone(), change, ..Rewrite::default() }
    }
}

/// `with` for a matched prefix, or for the whole path where no prefix was asked for. Without any
/// match of the path its prefix is `/`.
pub(super) fn in_place_of_match(matches: &HttpMatch, with: &str) -> PathChange {
    let with = Box::from(with);
    match &matches.uri {
        None => PathChange::Prefix { matched: "/".into(), with },
        Some(TextMatch::Prefix { text, ignore_case: false }) => {
            PathChange::Prefix { matched: text.clone(), with }
        }
        Some(TextMatch::Prefix { text, ignore_case: true }) => {
            let pattern = Regex::new(&format!("^(?i:{})", regex::escape(text)));
            let pattern = Arc::new(pattern.expect("an escaped text is a regular expression"));
            PathChange::Regex { pattern, with: with.replace('$', "$$").into() }
        }
        Some(_) => PathChange::Whole(with),
    }
}

fn regex_rewrite(block: &mut Fields<'_>, problems: &mut Problems) -> Option<NewPath> {
    let written = block.text("match", problems);
    let with = block.text("rewrite", problems).unwrap_or_default();
    let Some(written) = written else {
        let text = "a pattern is needed: write match, a regular expression";
        problems.reject(Reason::InvalidField, block.path_of("match"), text);
        return None;
    };
    let pattern = text_match::compile(written, &block.path_of("match"), problems)?;
    match groups(with, pattern.captures_len()) {
        Some(with) => Some(NewPath::Regex { pattern, with: with.into() }),
        None => {
            let text = format!(
                "{with:?} is no rewrite for this pattern: refer to its groups as \\1 to \\{}, and write \\\\ for a backslash",
                pattern.captures_len() - 1
            );
            problems.reject(Reason::InvalidField, block.path_of("rewrite"), text);
            None
        }
    }
}

/// RE2's `\1` as `${1}`. `None` for a group that the pattern does not have.
fn groups(rewrite: &str, groups: usize) -> Option<String> {
    let mut text = String::with_capacity(rewrite.len());
    let mut rest = rewrite.chars();
    while let Some(next) = rest.next() {
        match next {
            '$' => text.push_str("$$"),
            '\\' => match rest.next()? {
                '\\' => text.push('\\'),
                digit => {
                    let group = digit.to_digit(10).filter(|group| (*group as usize) < groups)?;
                    text.push_str(&format!("${{{group}}}"));
                }
            },
            other => text.push(other),
        }
    }
    Some(text)
}
