//! Reads the annotations of one object that stand under one prefix. Every value is a text: switches,
//! numbers and lists too.

use std::ops::RangeInclusive;

use model::Reason;

use super::annotations::Annotations;
use crate::dialect::{Problems, did_you_mean, nearest};

/// The annotations of a dialect, and what is wrong with them.
pub(crate) struct Reader<'a> {
    pub annotations: &'a Annotations<'a>,
    pub problems: Problems,
    /// What is accepted and means nothing here, to be told in one line.
    pub idle: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(annotations: &'a Annotations<'a>) -> Self {
        Self { annotations, problems: Problems::default(), idle: Vec::new() }
    }

    /// `None` where it is absent or empty.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.annotations.named(name)
    }

    pub fn field(&self, name: &str) -> String {
        self.annotations.field(name)
    }

    /// The items of a comma list, each with something in it.
    pub fn list(&self, name: &str) -> Vec<&'a str> {
        let items = self.text(name).into_iter().flat_map(|text| text.split([',', '\n']));
        items.map(str::trim).filter(|item| !item.is_empty()).collect()
    }

    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.choice(name, &[("true", true), ("false", false)])
    }

    /// One of some words; `None` with a problem for any other.
    pub fn choice<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let written = self.text(name)?;
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(written));
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let cure = match nearest(written, known.iter().copied()) {
                Some(like) => format!("; {}", did_you_mean(Some(like))),
                None => String::new(),
            };
            let text = format!("{written:?} cannot be used: write {}{cure}", known.join(" or "));
            self.reject(name, text);
        }
        found.map(|(_, value)| *value)
    }

    /// A whole number within the vendor's limits.
    pub fn number(&mut self, name: &str, within: RangeInclusive<u32>) -> Option<u32> {
        let written = self.text(name)?;
        let number = written.parse().ok().filter(|number| within.contains(number));
        if number.is_none() {
            let (from, to) = within.into_inner();
            self.reject(name, format!("{written:?} is no whole number from {from} to {to}"));
        }
        number
    }

    pub fn warn(&mut self, name: &str, text: impl Into<String>) {
        let field = self.field(name);
        self.problems.warn(Reason::InvalidAnnotation, field, text);
    }

    pub fn reject(&mut self, name: &str, text: impl Into<String>) {
        let field = self.field(name);
        self.problems.reject(Reason::InvalidAnnotation, field, text);
    }

    /// Says of something that is known and not honoured what happens instead.
    pub fn not_honoured(&mut self, name: &str, text: impl Into<String>) {
        let field = self.field(name);
        self.problems.warn(Reason::NotHonoured, field, text);
    }

    /// The problems, with one line on all that means nothing here.
    pub fn finish(mut self) -> Problems {
        if let Some(first) = self.idle.first() {
            let field = self.field(first.split('.').next().unwrap_or_default());
            let text = format!(
                "accepted without effect, as it describes a cloud instance: {}",
                self.idle.join(", ")
            );
            self.problems.note(Reason::NotHonoured, field, text);
        }
        self.problems
    }
}
