//! `conditions.SERVICE`: a JSON list of what a request must be like besides host and path.
//!
//! Items of different types must all hold; values of one item, and items of one of the types Host,
//! Path, Method, SourceIp and ResponseStatusCode, are alternatives. Hosts and paths stand beside
//! the rule's own, as the vendor's controller builds them.

pub(super) mod aws;

use http::{HeaderName, Method, StatusCode};
use ipnet::IpNet;
use model::{HeaderMatch, Name, PathMatch, Reason, RuleMatch, TextMatch, TextPattern};

use super::{
    json_list::{JsonList, Unusable, Written, block, unusable},
    net::parse_net,
    path::pattern_match,
};
use crate::dialect::{Fields, Place, Problems, did_you_mean, nearest};

const TYPES: &[&str] = &[
    "Host",
    "Path",
    "Method",
    "SourceIp",
    "Header",
    "QueryString",
    "Cookie",
    "ResponseHeader",
    "ResponseStatusCode",
];

const CONFIGS: &[&str] = &[
    "HostConfig",
    "PathConfig",
    "MethodConfig",
    "SourceIpConfig",
    "HeaderConfig",
    "QueryStringConfig",
    "CookieConfig",
    "ResponseHeaderConfig",
    "ResponseStatusCodeConfig",
];

pub(super) fn read(written: Written<'_>, problems: &mut Problems) -> Result<RuleMatch, Unusable> {
    let list = JsonList::parse(written, problems)?;
    let mut matches = RuleMatch::default();
    list.read_each("Condition", problems, |item, problems| {
        let taken = take_in(&mut matches, item, problems);
        item.accept(CONFIGS);
        taken
    })?;
    Ok(matches)
}

/// One header, written as an object of its own.
pub(super) fn read_header(
    written: Written<'_>,
    problems: &mut Problems,
) -> Result<HeaderMatch, Unusable> {
    let Written { name, field, json } = written;
    let mut found = Problems::default();
    let value = serde_json::from_str(json).map_err(|error| {
        let text =
            format!("{name} is no JSON: {error}; write {{\"key\": \"…\", \"values\": [\"…\"]}}");
        problems.reject(Reason::InvalidAnnotation, field.clone(), text);
        Unusable
    })?;
    let place = Place {
        path: field,
        go_type: "HeaderConfig",
        go_path: String::new(),
        go_prefix: "",
        reason: Reason::InvalidAnnotation,
    };
    let config = Fields::open(&value, place, &mut found).ok_or(Unusable);
    let header = config.and_then(|config| header_in(config, &mut found));
    let header =
        header.and_then(|header| if found.has_rejection() { Err(Unusable) } else { Ok(header) });
    problems.append(found);
    header
}

fn take_in(
    matches: &mut RuleMatch,
    item: &mut Fields<'_>,
    problems: &mut Problems,
) -> Result<(), Unusable> {
    let written = item.text("type", problems).unwrap_or_default();
    let known = TYPES.iter().find(|known| known.eq_ignore_ascii_case(written));
    match known.copied() {
        Some("Host") => matches.hosts.extend(values(item, "HostConfig", problems, |text| {
            Name::parse(text).map_err(|error| error.to_string())
        })?),
        Some("Path") => matches.paths.extend(values(item, "PathConfig", problems, |text| {
            pattern_match(text).map_err(|error| error.to_string())
        })?),
        Some("Method") => matches.methods.extend(values(item, "MethodConfig", problems, |text| {
            Method::from_bytes(text.to_ascii_uppercase().as_bytes())
                .map_err(|_| "this is no HTTP method".to_owned())
        })?),
        Some("SourceIp") => {
            matches.sources.extend(values::<IpNet>(item, "SourceIpConfig", problems, parse_net)?);
        }
        Some("Header") => matches.headers.push(header(item, &["HeaderConfig"], problems)?),
        Some("ResponseHeader") => {
            let keys = &["ResponseHeaderConfig", "HeaderConfig"];
            matches.response_headers.push(header(item, keys, problems)?);
        }
        Some("QueryString") => pairs(item, "QueryStringConfig", &mut matches.query, problems)?,
        Some("Cookie") => pairs(item, "CookieConfig", &mut matches.cookies, problems)?,
        Some(_) => {
            let key = "ResponseStatusCodeConfig";
            matches.response_status.extend(values(item, key, problems, |text| {
                text.parse::<StatusCode>().map_err(|_| "this is no status code".to_owned())
            })?);
        }
        None => {
            let cure = did_you_mean(nearest(written, TYPES.iter().copied()));
            let text = format!("readCondition Failed(unknown condition type): {written}; {cure}");
            return unusable(item, "type", text, problems);
        }
    }
    Ok(())
}

/// The `values` of a block, each read by `parse`.
fn values<T>(
    item: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Unusable> {
    let mut config = block(item, key, problems)?;
    let texts = config.texts("values", problems);
    let mut parsed = Vec::with_capacity(texts.len());
    for text in &texts {
        match parse(text) {
            Ok(value) => parsed.push(value),
            Err(wrong) => {
                return unusable(&config, "values", format!("{text:?}: {wrong}"), problems);
            }
        }
    }
    if parsed.is_empty() {
        return unusable(
            &config,
            "values",
            "no value is given: add one, or remove the item".into(),
            problems,
        );
    }
    config.finish(problems);
    Ok(parsed)
}

fn header(
    item: &mut Fields<'_>,
    keys: &[&'static str],
    problems: &mut Problems,
) -> Result<HeaderMatch, Unusable> {
    let key = keys.iter().find(|key| item.has(key)).unwrap_or(&keys[0]);
    header_in(block(item, key, problems)?, problems)
}

fn header_in(mut config: Fields<'_>, problems: &mut Problems) -> Result<HeaderMatch, Unusable> {
    let name = config.text("key", problems).unwrap_or_default();
    let values = config.texts("values", problems);
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        return unusable(&config, "key", format!("{name:?} is no header name"), problems);
    };
    config.finish(problems);
    Ok(HeaderMatch {
        is_inverted: false,
        name,
        values: values.into_iter().map(TextMatch::pattern).collect(),
    })
}

/// Key and value pairs, of which any may match. Two items of the type would both have to match,
/// which no single list can say.
fn pairs(
    item: &mut Fields<'_>,
    key: &'static str,
    into: &mut Vec<(TextPattern, TextPattern)>,
    problems: &mut Problems,
) -> Result<(), Unusable> {
    let mut config = block(item, key, problems)?;
    if !into.is_empty() {
        let text =
            format!("a second {key} is not supported: write all pairs that will do into one");
        return unusable(&config, "values", text, problems);
    }
    // ELB writes one key with its values, ALB a list of pairs.
    let one = config.text_or_number("key", problems);
    for value in one.iter().flat_map(|_| config.texts("values", problems)).collect::<Vec<_>>() {
        into.push((TextPattern::new(one.as_deref().unwrap_or_default()), TextPattern::new(value)));
    }
    let pairs = match one {
        Some(_) => Vec::new(),
        None => config.children("values", "Value", problems),
    };
    for mut pair in pairs {
        let key = pair.text_or_number("key", problems).unwrap_or_default();
        let value = pair.text_or_number("value", problems);
        pair.finish(problems);
        let value = value.as_deref().unwrap_or("*");
        into.push((TextPattern::new(&key), TextPattern::new(value)));
    }
    if into.is_empty() {
        return unusable(
            &config,
            "values",
            "no pair is given: add one, or remove the item".into(),
            problems,
        );
    }
    config.finish(problems);
    Ok(())
}

/// Whether some part looks at the response, which only a response rule can.
pub(super) fn looks_at_response(matches: &RuleMatch) -> bool {
    !matches.response_headers.is_empty() || !matches.response_status.is_empty()
}

/// The rule's own host and path, joined by the alternatives of its conditions. A rule for every
/// path would make path conditions meaningless, so that there they stand alone.
pub(super) fn join(
    mut matches: RuleMatch,
    host: Option<Name>,
    path: Option<PathMatch>,
) -> RuleMatch {
    matches.hosts.extend(host);
    let every_path = matches!(&path, Some(PathMatch::Prefix(prefix)) if prefix.is_empty());
    if !every_path || matches.paths.is_empty() {
        matches.paths.extend(path);
    }
    matches
}
