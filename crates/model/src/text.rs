//! How a part of a request is compared with what a rule says.

use std::{fmt, sync::Arc};

use regex::Regex;

/// One way of comparing a text.
#[derive(Clone, Debug)]
pub enum TextMatch {
    /// `*` and `?` wildcards.
    Pattern(TextPattern),
    Exact {
        text: Box<str>,
        ignore_case: bool,
    },
    Prefix {
        text: Box<str>,
        ignore_case: bool,
    },
    /// Found anywhere; a pattern that must fit the whole text says so itself.
    Regex(Arc<Regex>),
}

impl TextMatch {
    pub fn pattern(text: &str) -> Self {
        Self::Pattern(TextPattern::new(text))
    }

    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.matches(text),
            Self::Exact { text: exact, ignore_case: false } => **exact == *text,
            Self::Exact { text: exact, ignore_case: true } => exact.eq_ignore_ascii_case(text),
            Self::Prefix { text: prefix, ignore_case: false } => text.starts_with(&**prefix),
            Self::Prefix { text: prefix, ignore_case: true } => text
                .as_bytes()
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes())),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

impl PartialEq for TextMatch {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pattern(a), Self::Pattern(b)) => a == b,
            (
                Self::Exact { text: a, ignore_case: a_case },
                Self::Exact { text: b, ignore_case: b_case },
            )
            | (
                Self::Prefix { text: a, ignore_case: a_case },
                Self::Prefix { text: b, ignore_case: b_case },
            ) => a == b && a_case == b_case,
            (Self::Regex(a), Self::Regex(b)) => a.as_str() == b.as_str(),
            _ => false,
        }
    }
}

impl Eq for TextMatch {}

impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let case = |ignore_case: &bool| if *ignore_case { "(any case)" } else { "" };
        match self {
            Self::Pattern(pattern) => f.write_str(&pattern.0),
            Self::Exact { text, ignore_case } => write!(f, "={text}{}", case(ignore_case)),
            Self::Prefix { text, ignore_case } => write!(f, "{text}…{}", case(ignore_case)),
            Self::Regex(regex) => write!(f, "~{}", regex.as_str()),
        }
    }
}

/// A text in which `*` stands for any characters and `?` for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPattern(pub Box<str>);

impl TextPattern {
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Linear in practice: on a mismatch only the last `*` is tried again, one byte further.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut p, mut t) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(&byte) if byte == b'?' || byte == text[t] => {
                    p += 1;
                    t += 1;
                }
                _ => match star {
                    Some((star_p, star_t)) => {
                        star = Some((star_p, star_t + 1));
                        p = star_p + 1;
                        t = star_t + 1;
                    }
                    None => return false,
                },
            }
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }
}
