//! One block of `http[].match`: all of it must fit a request.

use http::HeaderName;
use model::{FactMatch, HeaderMatch, ParameterMatch, PathMatch, Reason, RuleMatch, TextMatch};

use super::{
    scope::Scope,
    text_match::{self, Wanted},
};
use crate::dialect::{Fields, Problems};

/// What a header's name begins with that stands for a claim of a JSON web token.
const CLAIMS: &str = "@request.auth.claims";

/// Keys under `headers` that Istio itself passes over.
const NO_HEADERS: [&str; 4] = ["uri", "scheme", "method", "authority"];

/// Without hosts: these are the server's and the object's.
#[derive(Clone, Debug, Default)]
pub(super) struct HttpMatch {
    pub scope: Scope,
    pub uri: Option<TextMatch>,
    /// The rest of the request.
    pub matches: RuleMatch,
}

impl HttpMatch {
    /// `None` if it can never fit here, or is refused.
    pub fn read(block: &mut Fields<'_>, namespace: &str, problems: &mut Problems) -> Option<Self> {
        let ignores_case = block.boolean("ignoreUriCase", problems).unwrap_or(false);
        let scope = Scope::read(block, namespace, problems);
        let mut text = |key, problems: &mut Problems| {
            let block = block.child(key, "StringMatch", problems)?;
            text_match::read_filled(block, problems)
        };
        let uri = text("uri", problems).map(|uri| with_case(uri, ignores_case));
        let facts = [
            text("method", problems).map(FactMatch::Method),
            text("scheme", problems).map(FactMatch::Scheme),
            text("authority", problems).map(FactMatch::Authority),
        ];
        let with = headers(block, "headers", false, problems);
        let without = headers(block, "withoutHeaders", true, problems);
        let parameters = parameters(block, problems);
        block.accept(&["name", "statPrefix"]);
        let mut matches = RuleMatch {
            facts: facts.into_iter().flatten().collect(),
            parameters,
            ..RuleMatch::default()
        };
        matches.headers = with?;
        matches.headers.append(&mut without?);
        Some(Self { scope, uri, matches })
    }

    /// Whether it fits every request, so that no rule after it is ever asked.
    pub fn is_catch_all(&self) -> bool {
        let RuleMatch { facts, headers, parameters, .. } = &self.matches;
        let takes_every_path = match &self.uri {
            None => true,
            Some(TextMatch::Prefix { text, .. }) => text.is_empty() || **text == *"/",
            Some(TextMatch::Regex(regex)) => text_match::written(regex) == ".*",
            Some(_) => false,
        };
        takes_every_path && facts.is_empty() && headers.is_empty() && parameters.is_empty()
    }

    /// As a rule has it, for requests of these hosts.
    pub fn for_hosts(&self, hosts: Vec<model::Name>) -> RuleMatch {
        let paths = self.uri.iter().cloned().map(PathMatch::Text).collect();
        RuleMatch { hosts, paths, ..self.matches.clone() }
    }
}

/// `ignoreUriCase` is for plain texts only.
fn with_case(uri: TextMatch, ignore_case: bool) -> TextMatch {
    match uri {
        TextMatch::Exact { text, .. } => TextMatch::Exact { text, ignore_case },
        TextMatch::Prefix { text, .. } => TextMatch::Prefix { text, ignore_case },
        other => other,
    }
}

/// `None` where one of them cannot be asked here: without it the block would fit too much.
fn headers(
    block: &mut Fields<'_>,
    key: &'static str,
    is_inverted: bool,
    problems: &mut Problems,
) -> Option<Vec<HeaderMatch>> {
    let Some(map) = block.child(key, "map[string]StringMatch", problems) else {
        return Some(Vec::new());
    };
    let mut found = Vec::new();
    let mut can_fit = true;
    for key in map.keys() {
        let field = map.path_of(key);
        let Some(wanted) = map
            .free_child(key, "StringMatch", problems)
            .and_then(|b| text_match::read(b, problems))
        else {
            can_fit = false;
            continue;
        };
        if key.starts_with(CLAIMS) {
            let text = "claims of JSON web tokens are not read here, so that this match fits no request: match a header that carries the claim";
            problems.warn(Reason::NotHonoured, field, text);
            can_fit = false;
            continue;
        }
        if NO_HEADERS.contains(&key) {
            let text = format!(
                "{key} is no header, it is passed over here: write it one level up, as {key}"
            );
            problems.warn(Reason::NotHonoured, field, text);
            continue;
        }
        let Ok(name) = HeaderName::from_bytes(key.as_bytes()) else {
            let text = format!("{key:?} is no header name: use letters, digits and '-'");
            problems.reject(Reason::InvalidField, field, text);
            continue;
        };
        let values = match wanted {
            Wanted::Present => Vec::new(),
            Wanted::Text(text) => vec![text],
        };
        found.push(HeaderMatch { name, values, is_inverted });
    }
    can_fit.then_some(found)
}

fn parameters(block: &mut Fields<'_>, problems: &mut Problems) -> Vec<ParameterMatch> {
    let Some(map) = block.child("queryParams", "map[string]StringMatch", problems) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for key in map.keys() {
        let Some(wanted) = map
            .free_child(key, "StringMatch", problems)
            .and_then(|b| text_match::read(b, problems))
        else {
            continue;
        };
        let value = match wanted {
            Wanted::Present => None,
            Wanted::Text(text) => Some(text),
        };
        found.push(ParameterMatch { key: key.into(), value });
    }
    found
}
