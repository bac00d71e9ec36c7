//! Cross-origin settings, from the `cors-*` annotations or from a `Cors` action. Lists go to
//! the gateway as ready header values.

use std::sync::Arc;

use http::HeaderValue;
use model::{Cors, Reason, TextMatch};

use super::{
    annotations::{Annotations, ELB_PREFIX},
    json_list::Unusable,
};
use crate::dialect::{Fields, Problems};

const ORIGINS: &str = "*";
const METHODS: &str = "GET, PUT, POST, DELETE, PATCH, OPTIONS";
const HEADERS: &str = "DNT,X-CustomHeader,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Authorization";
const MAX_AGE: i32 = 172_800;

/// `None` where CORS is off or a value cannot be used: then the browser refuses, as without CORS.
pub(super) fn from_annotations(
    annotations: &Annotations<'_>,
    problems: &mut Problems,
) -> Option<Arc<Cors>> {
    // ELB has no switch: naming an origin is asking for it.
    let is_on = match annotations.prefix {
        ELB_PREFIX => annotations.named("cors-allow-origin").is_some(),
        _ => annotations.named("enable-cors") == Some("true"),
    };
    if !is_on {
        return None;
    }
    let credentials = match annotations.named("cors-allow-credentials") {
        None | Some("true") => true,
        Some("false") => false,
        Some(other) => {
            let text = format!("{other:?} is neither true nor false");
            problems.warn(
                Reason::InvalidAnnotation,
                annotations.field("cors-allow-credentials"),
                text,
            );
            return None;
        }
    };
    let text = |name, default| annotations.named(name).unwrap_or(default);
    let written = Written {
        origins: split(text("cors-allow-origin", ORIGINS)),
        methods: split(text("cors-allow-methods", METHODS)),
        headers: split(text("cors-allow-headers", HEADERS)),
        expose: annotations.named("cors-expose-headers").map(split).unwrap_or_default(),
        credentials,
        max_age: annotations.named("cors-max-age"),
    };
    match written.read() {
        Ok(cors) => Some(Arc::new(cors)),
        Err(wrong) => {
            let field = annotations.field(&format!("cors-{}", wrong.part));
            problems.warn(Reason::InvalidAnnotation, field, wrong.message);
            None
        }
    }
}

/// From `CorsConfig`. `Err`: the action cannot be used.
pub(super) fn from_action(
    config: &mut Fields<'_>,
    problems: &mut Problems,
) -> Result<Arc<Cors>, Unusable> {
    let mut list = |key, default: &'static str, problems: &mut Problems| {
        let texts = match config.value(key) {
            Some(serde_json::Value::String(text)) => split(text),
            _ => config.texts(key, problems),
        };
        if texts.is_empty() { split(default) } else { texts }
    };
    let origins = list("AllowOrigin", ORIGINS, problems);
    let methods = list("AllowMethods", METHODS, problems);
    let headers = list("AllowHeaders", HEADERS, problems);
    let expose = list("ExposeHeaders", "", problems);
    let credentials = config.text("AllowCredentials", problems) != Some("off");
    let max_age = config.text_or_number("MaxAge", problems);
    let max_age = max_age.as_deref();
    let written = Written { origins, methods, headers, expose, credentials, max_age };
    written.read().map(Arc::new).map_err(|wrong| {
        problems.reject(Reason::InvalidAnnotation, config.path(), wrong.message);
        Unusable
    })
}

struct Written<'a> {
    origins: Vec<&'a str>,
    methods: Vec<&'a str>,
    headers: Vec<&'a str>,
    expose: Vec<&'a str>,
    credentials: bool,
    max_age: Option<&'a str>,
}

struct Wrong {
    /// As in the annotation's name.
    part: &'static str,
    message: String,
}

impl Written<'_> {
    fn read(self) -> Result<Cors, Wrong> {
        let max_age = match self.max_age {
            None => MAX_AGE,
            Some(text) => {
                text.parse().ok().filter(|age| (-1..=MAX_AGE).contains(age)).ok_or_else(|| {
                    Wrong {
                        part: "max-age",
                        message: format!("{text:?} is no age: use seconds from -1 to {MAX_AGE}"),
                    }
                })?
            }
        };
        Ok(Cors {
            forwards_others: false,
            allow_origins: self.origins.iter().map(|origin| TextMatch::pattern(origin)).collect(),
            allow_methods: header_value("allow-methods", &self.methods)?,
            allow_headers: header_value("allow-headers", &self.headers)?,
            expose_headers: match self.expose.as_slice() {
                [] => None,
                expose => Some(header_value("expose-headers", expose)?),
            },
            allow_credentials: self.credentials,
            max_age: Some(max_age),
        })
    }
}

fn header_value(part: &'static str, items: &[&str]) -> Result<HeaderValue, Wrong> {
    HeaderValue::from_str(&items.join(", ")).map_err(|_| Wrong {
        part,
        message: "the list has characters that no header may carry: use visible ASCII".into(),
    })
}

fn split(text: &str) -> Vec<&str> {
    text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty()).collect()
}
