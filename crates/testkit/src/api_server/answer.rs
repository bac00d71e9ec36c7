//! From a request to its answer: read, refuse, do, render. What is done stands elsewhere.

use std::{io, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT},
    request::Parts,
};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    SERVICE_ACCOUNT_TOKEN, Shared, State, access, discovery, events,
    failure::Failure,
    faults::forbidden,
    list,
    log::Logged,
    objects::{Objects, Patch, Written},
    openapi, protobuf, rbac,
    request::{Asked, Query},
    selector::Selector,
    view::View,
    watch::Watch,
    write::Write,
};

pub(super) type Body = BoxBody<Bytes, io::Error>;

/// The largest body that is taken, as of the real server.
const MOST: usize = 3 * 1024 * 1024;

pub(super) async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let delay = shared.state().faults.delay;
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let answer = match head.uri.path() {
        "/healthz" | "/livez" | "/readyz" => return text("ok"),
        path => match unlisted(&shared, path, content_type(&head), &body) {
            Some(answer) => answer,
            None => about_objects(&shared, &head, &body),
        },
    };
    // Whatever it did, watchers look.
    shared.tell_watchers();
    answer.unwrap_or_else(|failure| refusal(&failure))
}

/// The paths that are of no object.
fn unlisted(
    shared: &Shared,
    path: &str,
    content_type: &str,
    body: &Bytes,
) -> Option<Result<Response<Body>, Failure>> {
    let state = shared.state();
    let kinds = state.objects.kinds();
    if let Some(found) = discovery::answer(kinds, path).or_else(|| openapi::answer(kinds, path)) {
        return Some(Ok(json_with(StatusCode::OK, &found)));
    }
    (path == access::PATH).then(|| {
        let review = access::review(&state.faults, &parse(content_type, body)?);
        Ok(json_with(StatusCode::CREATED, &review))
    })
}

fn about_objects(
    shared: &Arc<Shared>,
    head: &Parts,
    body: &Bytes,
) -> Result<Response<Body>, Failure> {
    let header = |name| head.headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let view = View::asked(header(ACCEPT).unwrap_or_default(), query.text("includeObject"));
    let agent = header(USER_AGENT).unwrap_or("unknown");
    let manager = match query.text("fieldManager") {
        "" => agent.split('/').next().unwrap_or_default().to_owned(),
        manager => manager.to_owned(),
    };

    let mut state = shared.state();
    let asked = Asked::read(&state.objects, &head.method, head.uri.path(), query)
        .ok_or_else(Failure::no_such_path)?;
    state.log.push(Logged {
        verb: asked.verb,
        resource: asked.rbac_resource(),
        namespace: asked.namespace.clone(),
        name: asked.name.clone(),
        manager: manager.clone(),
    });
    if let Some(failure) = state.faults.refuse(&asked) {
        return Err(failure);
    }
    if header(AUTHORIZATION)
        .is_some_and(|shown| shown.strip_prefix("Bearer ") == Some(SERVICE_ACCOUNT_TOKEN))
    {
        judge(&state.objects, &asked)?;
    }
    if !asked.is_allowed_there() {
        let why = "the server does not allow this method on the requested resource";
        return Err(Failure::new(StatusCode::METHOD_NOT_ALLOWED, why));
    }
    let is_known =
        asked.subresource.is_empty() || asked.subresource == "status" && asked.resource.has_status;
    if !is_known {
        return Err(Failure::no_such_path());
    }
    if body.len() > MOST {
        let why = format!("Request entity too large: limit is {MOST}");
        return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, why));
    }
    let now = Timestamp::now();
    match asked.verb {
        "watch" => {
            drop(state);
            let frames = Watch::start(shared, asked, view)?.frames();
            return Ok(with_type(Response::new(BodyExt::boxed(StreamBody::new(frames)))));
        }
        "list" => {
            let listed = list::find(&state.objects, &asked)?;
            // Others need not wait for it to be written out.
            drop(state);
            let list = view.list(&asked.resource, &listed.objects, listed.meta, now);
            return Ok(json_with(StatusCode::OK, &list));
        }
        "get" => {
            let key = asked.resource.key(&asked.namespace, &asked.name);
            let object = state.objects.store.get(&key);
            let object = object.ok_or_else(|| Failure::not_found(&asked.resource, &asked.name))?;
            return Ok(json_with(StatusCode::OK, &view.object(&asked.resource, object, now)));
        }
        _ => {}
    }
    let write = Write {
        resource: &asked.resource,
        namespace: &asked.namespace,
        name: &asked.name,
        status: asked.subresource == "status",
        manager: &manager,
        dry_run: asked.query.text("dryRun") == "All",
        now,
    };
    let answered = change(&mut state, &asked, &write, content_type(head), body)?;
    Ok(match answered {
        Changed::Object(status, object) => {
            json_with(status, &view.object(&asked.resource, &object, now))
        }
        Changed::Told(told) => json_with(StatusCode::OK, &told),
    })
}

/// Refuses the ServiceAccount what no Role allows it. A patch that makes the object needs `create`
/// too.
fn judge(objects: &Objects, asked: &Asked) -> Result<(), Failure> {
    let key = asked.resource.key(&asked.namespace, &asked.name);
    let makes_it = asked.verb == "patch" && objects.store.get(&key).is_none();
    let verbs = [asked.verb].into_iter().chain(makes_it.then_some("create"));
    match verbs.into_iter().find(|verb| !rbac::allows(objects, asked, verb)) {
        Some(verb) => Err(forbidden(asked, verb)),
        None => Ok(()),
    }
}

/// What to answer a request that changed something.
enum Changed {
    Object(StatusCode, Arc<Value>),
    Told(Value),
}

fn change(
    state: &mut State,
    asked: &Asked,
    write: &Write,
    content_type: &str,
    body: &Bytes,
) -> Result<Changed, Failure> {
    let objects = &mut state.objects;
    let written = match asked.verb {
        "create" => {
            let body = events::stored(&asked.resource, parse(content_type, body)?);
            Written::Created(objects.create(write, body)?)
        }
        "update" => {
            let body = events::stored(&asked.resource, parse(content_type, body)?);
            objects.replace(write, body)?
        }
        "patch" => objects.patch(write, patch(asked, content_type, body)?)?,
        "delete" => {
            let options = parse_options(body)?;
            let object = objects.delete(write, &options)?;
            let key = asked.resource.key(&asked.namespace, &asked.name);
            if objects.store.get(&key).is_some() {
                // Its finalizers hold it.
                return Ok(Changed::Object(StatusCode::OK, object));
            }
            return Ok(Changed::Told(json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                "details": {
                    "name": asked.name, "group": asked.resource.group,
                    "kind": asked.resource.plural, "uid": object["metadata"]["uid"],
                },
            })));
        }
        _ => return delete_collection(state, asked, write, body).map(Changed::Told),
    };
    Ok(match written {
        Written::Created(object) => Changed::Object(StatusCode::CREATED, object),
        Written::Changed(object) => Changed::Object(StatusCode::OK, object),
    })
}

fn delete_collection(
    state: &mut State,
    asked: &Asked,
    write: &Write,
    body: &Bytes,
) -> Result<Value, Failure> {
    let options = parse_options(body)?;
    let query = &asked.query;
    let selector =
        Selector::parse(&asked.resource, query.text("labelSelector"), query.text("fieldSelector"))?;
    let found: Vec<_> = state
        .objects
        .store
        .list(&asked.resource, &asked.namespace)
        .filter(|(_, object)| selector.takes(object))
        .map(|(key, _)| key.clone())
        .collect();
    let mut gone = Vec::new();
    for key in &found {
        let one = Write { namespace: &key.namespace, name: &key.name, ..*write };
        gone.push(state.objects.delete(&one, &options)?);
    }
    let meta = json!({"resourceVersion": state.objects.store.revision().to_string()});
    Ok(View::Whole.list(&asked.resource, &gone, meta, write.now))
}

fn patch(asked: &Asked, content_type: &str, body: &Bytes) -> Result<Patch, Failure> {
    let stored = |body| events::stored(&asked.resource, body);
    Ok(match media_type(content_type) {
        "application/merge-patch+json" => Patch::Merge(stored(parse_body(body)?)),
        "application/strategic-merge-patch+json" => Patch::Strategic(stored(parse_body(body)?)),
        "application/json-patch+json" => Patch::Json(parse_body(body)?),
        "application/apply-patch+yaml" => {
            if asked.query.text("fieldManager").is_empty() {
                let why = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: \
                           is required for apply patch";
                return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, why));
            }
            let body = stored(parse_yaml(body)?);
            Patch::Apply { body, force: asked.query.flag("force") }
        }
        other => return Err(unsupported(other)),
    })
}

fn parse(content_type: &str, body: &Bytes) -> Result<Value, Failure> {
    match media_type(content_type) {
        "application/json" | "" => parse_body(body),
        "application/yaml" => parse_yaml(body),
        other @ "application/vnd.kubernetes.protobuf" => {
            protobuf::parse(body).ok_or_else(|| unsupported(other))
        }
        other => Err(unsupported(other)),
    }
}

fn parse_body(body: &Bytes) -> Result<Value, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::bad_request(format!("the body is not JSON: {error}")))
}

fn parse_yaml(body: &Bytes) -> Result<Value, Failure> {
    // JSON is YAML, and what most clients send.
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let text = String::from_utf8_lossy(body);
    serde_saphyr::from_str(&text)
        .map_err(|error| Failure::bad_request(format!("the body is not YAML: {error}")))
}

fn parse_options(body: &Bytes) -> Result<Value, Failure> {
    if body.is_empty() { Ok(Value::Null) } else { parse_body(body) }
}

fn content_type(head: &Parts) -> &str {
    head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

fn unsupported(content_type: &str) -> Failure {
    let why = format!("the body of the request was in an unknown format: {content_type}");
    Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why)
}

fn refusal(failure: &Failure) -> Response<Body> {
    let mut response = json_with(failure.code, &failure.status());
    if matches!(failure.code, StatusCode::TOO_MANY_REQUESTS | StatusCode::GATEWAY_TIMEOUT) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn json_with(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = with_type(Response::new(full(value.to_string())));
    *response.status_mut() = status;
    response
}

fn with_type(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn text(text: &'static str) -> Response<Body> {
    Response::new(full(text))
}

fn full(body: impl Into<Bytes>) -> Body {
    Full::new(body.into()).map_err(|never| match never {}).boxed()
}
