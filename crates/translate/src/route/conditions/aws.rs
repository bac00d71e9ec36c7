//! `conditions.SERVICE` as AWS writes it: a JSON list of items that must all hold.

use http::{HeaderName, Method};
use ipnet::IpNet;
use model::{HeaderMatch, Name, Reason, RuleMatch, TextMatch, TextPattern};

use super::values;
use crate::{
    dialect::{Fields, Problems, did_you_mean, nearest},
    route::{
        json_list::{JsonList, Unusable, Written, block, unusable},
        net::parse_net,
        path::pattern_match,
    },
};

const FIELDS: &[&str] = &[
    "host-header",
    "path-pattern",
    "http-header",
    "http-request-method",
    "query-string",
    "source-ip",
];

pub(in super::super) fn read(
    written: Written<'_>,
    problems: &mut Problems,
) -> Result<RuleMatch, Unusable> {
    let list = JsonList::parse(written, problems)?;
    let mut matches = RuleMatch::default();
    list.read_each("RuleCondition", problems, |item, problems| {
        take_in(&mut matches, item, problems)
    })?;
    Ok(matches)
}

fn take_in(
    matches: &mut RuleMatch,
    item: &mut Fields<'_>,
    problems: &mut Problems,
) -> Result<(), Unusable> {
    let field = item.text("field", problems).unwrap_or_default();
    match field {
        "host-header" => {
            matches.hosts.extend(values(item, "hostHeaderConfig", problems, |text| {
                Name::parse(text).map_err(|error| error.to_string())
            })?)
        }
        "path-pattern" => {
            matches.paths.extend(values(item, "pathPatternConfig", problems, |text| {
                pattern_match(text).map_err(|error| error.to_string())
            })?);
        }
        "http-request-method" => {
            matches.methods.extend(values(item, "httpRequestMethodConfig", problems, |text| {
                Method::from_bytes(text.as_bytes()).map_err(|_| "this is no HTTP method".to_owned())
            })?);
        }
        "source-ip" => {
            matches.sources.extend(values::<IpNet>(item, "sourceIPConfig", problems, parse_net)?);
        }
        "http-header" => matches.headers.push(header(item, problems)?),
        "query-string" => query(item, matches, problems)?,
        other => {
            let cure = did_you_mean(nearest(other, FIELDS.iter().copied()));
            return unusable(
                item,
                "field",
                format!("unknown condition: {other}; {cure}"),
                problems,
            );
        }
    }
    Ok(())
}

fn header(item: &mut Fields<'_>, problems: &mut Problems) -> Result<HeaderMatch, Unusable> {
    let mut config = block(item, "httpHeaderConfig", problems)?;
    let name = config.text("httpHeaderName", problems).unwrap_or_default();
    let values = config.texts("values", problems);
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        let text = format!("{name:?} is no header name");
        return unusable(&config, "httpHeaderName", text, problems);
    };
    if values.is_empty() {
        let text = "no value is given: add one, or remove the item".to_owned();
        return unusable(&config, "values", text, problems);
    }
    config.finish(problems);
    let values = values.into_iter().map(TextMatch::pattern).collect();
    Ok(HeaderMatch { name, values, is_inverted: false })
}

/// Pairs of which any may match; without a key any parameter's value counts.
fn query(
    item: &mut Fields<'_>,
    matches: &mut RuleMatch,
    problems: &mut Problems,
) -> Result<(), Unusable> {
    let mut config = block(item, "queryStringConfig", problems)?;
    if !matches.query.is_empty() {
        let text = "a second query-string is not supported: write all pairs that will do into one";
        return unusable(&config, "values", text.to_owned(), problems);
    }
    for mut pair in config.children("values", "QueryStringKeyValuePair", problems) {
        let key = pair.text_or_number("key", problems);
        let value = pair.text_or_number("value", problems);
        if value.is_none() {
            problems.reject(
                Reason::InvalidAnnotation,
                pair.path_of("value"),
                "the pair has no value: write one, or *",
            );
        }
        pair.finish(problems);
        let pattern = |text: Option<String>| TextPattern::new(text.as_deref().unwrap_or("*"));
        matches.query.push((pattern(key), pattern(value)));
    }
    if matches.query.is_empty() {
        let text = "no pair is given: add one, or remove the item".to_owned();
        return unusable(&config, "values", text, problems);
    }
    config.finish(problems);
    Ok(())
}
