//! What a program was told, wherever it was said: by its flags, its environment or its
//! configuration file, as far as it heeds them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values by the names of flags without dashes, in the order in which they were said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings(BTreeMap<String, Vec<String>>);

impl Settings {
    /// A flag that was said twice means what was said last.
    pub fn one(&self, flag: &str) -> Option<&str> {
        let value = self.0.get(flag)?.last()?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Of a flag that takes a list: repeated flags and lists with commas are the same.
    pub fn all(&self, flag: &str) -> impl Iterator<Item = &str> {
        let values = self.0.get(flag).into_iter().flatten();
        values.flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty())
    }

    pub fn has(&self, flag: &str) -> bool {
        self.0.contains_key(flag)
    }

    /// Once more, behind what was said before.
    pub fn add(&mut self, flag: &str, value: &str) {
        self.0.entry(flag.to_owned()).or_default().push(value.to_owned());
    }

    /// Instead of what was said before.
    pub fn set(&mut self, flag: &str, value: &str) {
        self.0.insert(flag.to_owned(), vec![value.to_owned()]);
    }

    /// All of `others` that is not said here.
    pub fn default_to(&mut self, others: Self) {
        for (flag, values) in others.0 {
            self.0.entry(flag).or_insert(values);
        }
    }

    pub fn keep_only(&mut self, flag: &str) {
        self.0.retain(|known, _| known == flag);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<F: Into<String>, V: Into<String>> FromIterator<(F, V)> for Settings {
    fn from_iter<I: IntoIterator<Item = (F, V)>>(said: I) -> Self {
        let mut settings = Self::default();
        for (flag, value) in said {
            settings.add(&flag.into(), &value.into());
        }
        settings
    }
}
