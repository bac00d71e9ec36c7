//! The protocol `awsJson1_1`: the operation in a header, JSON both ways.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    acm, pca,
    server::{Asked, Body, respond},
    world::{Refusal, World},
};

const KIND: &str = "application/x-amz-json-1.1";

pub(crate) fn answer(world: &mut World, operation: &str, asked: &Asked) -> Body {
    let input: Value = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
    let service = asked.target.split('.').next().unwrap_or_default();
    let answer = match service {
        "CertificateManager" => acm::operation(world, operation, &input),
        "ACMPrivateCA" => pca::operation(world, operation, &input),
        _ => Err(Refusal::new("UnknownOperationException", operation)),
    };
    match answer {
        Ok(output) => respond(StatusCode::OK, KIND, output.to_string()),
        Err(why) => refusal(&why),
    }
}

pub(crate) fn refusal(why: &Refusal) -> Body {
    let body = json!({"__type": why.code, "message": why.message});
    let status = StatusCode::from_u16(why.status).unwrap_or(StatusCode::BAD_REQUEST);
    respond(status, KIND, body.to_string())
}
