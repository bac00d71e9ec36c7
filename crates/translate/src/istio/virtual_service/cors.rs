//! `corsPolicy`.

use std::sync::Arc;

use http::HeaderValue;
use model::{Cors, Reason, TextMatch};

use super::{
    duration,
    text_match::{self, Wanted},
};
use crate::dialect::{Fields, Problems, did_you_mean, nearest};

const UNMATCHED: [&str; 3] = ["UNSPECIFIED", "FORWARD", "IGNORE"];

pub(super) fn read(rule: &mut Fields<'_>, problems: &mut Problems) -> Option<Arc<Cors>> {
    let mut block = rule.child("corsPolicy", "CorsPolicy", problems)?;
    let older = block.texts("allowOrigin", problems);
    let exact = |origin: &str| match origin {
        "*" => TextMatch::pattern("*"),
        origin => TextMatch::Exact { text: origin.into(), ignore_case: false },
    };
    let mut allow_origins: Vec<TextMatch> = older.into_iter().map(exact).collect();
    for origin in block.children("allowOrigins", "StringMatch", problems) {
        match text_match::read(origin, problems) {
            Some(Wanted::Text(TextMatch::Exact { text, .. })) => allow_origins.push(exact(&text)),
            Some(Wanted::Text(text)) => allow_origins.push(text),
            Some(Wanted::Present) => allow_origins.push(TextMatch::pattern("*")),
            None => {}
        }
    }
    let allow_methods = list(&mut block, "allowMethods", problems);
    let allow_headers = list(&mut block, "allowHeaders", problems);
    let expose_headers = list(&mut block, "exposeHeaders", problems);
    let max_age = duration::read_or_zero(&mut block, "maxAge", problems);
    let max_age = max_age.map(|age| i32::try_from(age.as_secs()).unwrap_or(i32::MAX));
    let allow_credentials = block.boolean("allowCredentials", problems).unwrap_or(false);
    let forwards_others = match block.text("unmatchedPreflights", problems) {
        None | Some("UNSPECIFIED" | "FORWARD") => true,
        Some("IGNORE") => false,
        Some(other) => {
            let cure = did_you_mean(nearest(other, UNMATCHED));
            let text = format!("{other:?} is no way to treat preflights; {cure}");
            problems.reject(Reason::InvalidField, block.path_of("unmatchedPreflights"), text);
            true
        }
    };
    block.finish(problems);
    Some(Arc::new(Cors {
        allow_origins,
        forwards_others,
        allow_methods,
        allow_headers,
        expose_headers: (!expose_headers.is_empty()).then_some(expose_headers),
        allow_credentials,
        max_age,
    }))
}

fn list(block: &mut Fields<'_>, key: &'static str, problems: &mut Problems) -> HeaderValue {
    let items = block.texts(key, problems);
    HeaderValue::from_str(&items.join(",")).unwrap_or_else(|_| {
        let text = "the list has characters that no header may carry: use visible ASCII";
        problems.reject(Reason::InvalidField, block.path_of(key), text);
        HeaderValue::from_static("")
    })
}
