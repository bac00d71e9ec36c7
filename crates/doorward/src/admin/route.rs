//! Which request asks for what.

use http::{Method, Request, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use model::ListenerKey;
use serde::de::DeserializeOwned;

use super::{
    Desk,
    answer::{self, Answer, ApiError},
    config_dump::ConfigDump,
    guard,
};
use crate::view::{ReadOnly, SetDefault, Upload};

/// A certificate chain and its key take a few kilobytes; x509 takes no more than this of either.
const BODY_BYTES: usize = 2 * x509::MAX_FIELD + 64 * 1024;
/// A client that sends even more is cut off.
const READ_BYTES: usize = 8 * BODY_BYTES;

pub async fn answer(desk: &Desk, request: Request<Incoming>) -> Answer {
    handle(desk, request).await.unwrap_or_else(Answer::from)
}

async fn handle(desk: &Desk, request: Request<Incoming>) -> Result<Answer, ApiError> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let admitted = guard::admit(desk.token.as_ref(), &head.method, &head.uri, &head.headers);
    let may_see_details = admitted.is_ok();
    if !guard::is_open_to_all(path) {
        admitted?;
    }
    let segments = segments(path)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let method = if head.method == Method::HEAD { Method::GET } else { head.method };

    match (&method, segments.as_slice()) {
        (&Method::GET, ["healthz"]) => Ok(answer::text(StatusCode::OK, "ok\n")),
        (&Method::GET, ["readyz"]) => {
            Ok(desk.health.ready(is_verbose(&head.uri) && may_see_details))
        }
        (&Method::GET, ["metrics"]) => metrics(desk),
        (&Method::GET, ["config_dump"]) => {
            answer::json(&ConfigDump::new(&desk.sight.served(), &desk.sight.envoys.clients()))
        }
        (method, ["api", "v1", rest @ ..]) => api(desk, method, rest, body).await,
        (_, ["healthz" | "readyz" | "metrics" | "config_dump"]) => {
            Err(ApiError::wrong_method("GET"))
        }
        _ => Err(unknown_path(path)),
    }
}

async fn api(
    desk: &Desk,
    method: &Method,
    path: &[&str],
    body: Incoming,
) -> Result<Answer, ApiError> {
    let (sight, shelf) = (&desk.sight, &desk.shelf);
    match (method, path) {
        (&Method::GET, ["loadbalancers"]) => answer::json(&sight.load_balancers()),
        (&Method::GET, ["loadbalancers", name]) => answer::json(&sight.load_balancer(name)?),
        (&Method::PUT, ["loadbalancers", name, "read-only"]) => {
            let ReadOnly { enabled } = read(body).await?;
            answer::json(&shelf.set_read_only(sight, name, enabled).await?)
        }
        (&Method::GET, ["listeners"]) => answer::json(&sight.listeners()),
        (&Method::GET, ["listeners", key]) => answer::json(&sight.listener(&listener(key)?)?),
        (&Method::PUT, ["listeners", key, "default"]) => {
            let SetDefault { id } = read(body).await?;
            answer::json(&shelf.set_default(sight, &listener(key)?, &id).await?)
        }
        (&Method::POST, ["listeners", key, "additional", id @ ..]) => {
            answer::json(&shelf.add(sight, &listener(key)?, &certificate_id(id)?).await?)
        }
        (&Method::DELETE, ["listeners", key, "additional", id @ ..]) => {
            answer::json(&shelf.remove(sight, &listener(key)?, &certificate_id(id)?).await?)
        }
        (&Method::GET, ["certificates"]) => answer::json(&sight.certificates()),
        (&Method::POST, ["certificates"]) => {
            let upload: Upload = read(body).await?;
            answer::created(&shelf.upload(sight, upload).await?)
        }
        (&Method::GET, ["certificates", id @ ..]) => {
            answer::json(&sight.certificate(&certificate_id(id)?)?)
        }
        (&Method::DELETE, ["certificates", id @ ..]) => {
            shelf.delete(sight, &certificate_id(id)?).await?;
            Ok(answer::nothing())
        }
        (&Method::GET, ["orders"]) => answer::json(&*sight.orders()),
        (&Method::GET, ["orders", id @ ..]) if id.last() != Some(&"renew") => {
            answer::json(&sight.order(&certificate_id(id)?)?)
        }
        (&Method::POST, ["orders", id @ .., "renew"]) => {
            answer::json(&sight.renew(&certificate_id(id)?).await?)
        }
        (&Method::GET, ["verdicts"]) => answer::json(&*sight.verdicts()),
        (&Method::GET, ["sds"]) => answer::json(&sight.envoys()),

        (_, ["loadbalancers" | "listeners" | "orders" | "verdicts" | "sds"]) => {
            Err(ApiError::wrong_method("GET"))
        }
        (_, ["orders", .., "renew"]) => Err(ApiError::wrong_method("POST")),
        (_, ["orders", ..]) => Err(ApiError::wrong_method("GET")),
        (_, ["certificates"]) => Err(ApiError::wrong_method("GET, POST")),
        (_, ["certificates", ..]) => Err(ApiError::wrong_method("GET, DELETE")),
        (_, ["loadbalancers" | "listeners", _]) => Err(ApiError::wrong_method("GET")),
        (_, ["loadbalancers", _, "read-only"] | ["listeners", _, "default"]) => {
            Err(ApiError::wrong_method("PUT"))
        }
        (_, ["listeners", _, "additional", ..]) => Err(ApiError::wrong_method("POST, DELETE")),
        _ => Err(unknown_path(&path.join("/"))),
    }
}

/// `?verbose`, as Kubernetes writes it.
pub fn is_verbose(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.contains("verbose"))
}

pub fn metrics(desk: &Desk) -> Result<Answer, ApiError> {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &desk.metrics)
        .map_err(|error| ApiError::internal(&error))?;
    Ok(answer::metrics(text))
}

fn listener(text: &str) -> Result<ListenerKey, ApiError> {
    text.parse().map_err(|error: model::ParseListenerKeyError| ApiError::invalid(error.to_string()))
}

/// The id of a Secret has a slash in it.
fn certificate_id(segments: &[&str]) -> Result<String, ApiError> {
    let id = segments.join("/");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if id.is_empty() || id.len() > 512 || !id.chars().all(fits) {
        return Err(ApiError::invalid(
            "a certificate's id is an id of the store or NAMESPACE/NAME of a Secret",
        ));
    }
    Ok(id)
}

async fn read<T: DeserializeOwned>(mut body: Incoming) -> Result<T, ApiError> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::invalid("the body broke off"))?;
        let data = frame.into_data().unwrap_or_default();
        length += data.len();
        // What is too much is read on for a while, so that the client hears the answer.
        if length <= BODY_BYTES {
            bytes.extend_from_slice(&data);
        } else if length > READ_BYTES {
            break;
        }
    }
    if length > BODY_BYTES {
        let message = format!("the body has more than {BODY_BYTES} bytes");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "TooLarge", message));
    }
    // serde's text may quote the value it stumbled over, which may be a private key.
    serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::invalid(format!(
            "the body is not the JSON that belongs here: look at line {}, column {}",
            error.line(),
            error.column()
        ))
    })
}

/// The path's parts, each percent-decoded (RFC 3986, section 2.1).
fn segments(path: &str) -> Result<Vec<String>, ApiError> {
    path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
}

fn decode(segment: &str) -> Result<String, ApiError> {
    let wrong = || ApiError::invalid("the path is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or_else(wrong)?;
        let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

fn unknown_path(path: &str) -> ApiError {
    ApiError::not_found(format!(
        "there is no {path:?} here: see /healthz, /readyz, /metrics, /config_dump and /api/v1/{{loadbalancers,listeners,certificates,orders,verdicts}}"
    ))
}

#[cfg(test)]
mod tests;
