use http::HeaderValue;

use super::*;

fn headers(name: http::HeaderName, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
}

#[test]
fn retry_after_is_read_in_seconds_and_as_a_date() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 30);
    let read = |text| retry_after(&headers(RETRY_AFTER, text), now);
    assert_eq!(read("120"), Some(Duration::from_secs(120)));
    assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(30)));
    assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), None, "it is over");
    assert_eq!(read("soon"), None);
}

#[test]
fn alternate_chains_are_found_among_other_links() {
    let text = "<https://ca.test/dir>;rel=\"index\", <https://ca.test/c/1>;rel=\"alternate\"";
    let chain = Chain::read(&headers(LINK, text), &Bytes::from_static(b"pem")).unwrap();
    assert_eq!(chain.alternates, ["https://ca.test/c/1"]);
}

fn answer(status: u16, body: &'static str) -> Result<BytesResponse, Error> {
    let mut parts = http::Response::new(()).into_parts().0;
    parts.status = StatusCode::from_u16(status).unwrap();
    parts.headers = headers(RETRY_AFTER, "7");
    judge(parts, Bytes::from_static(body.as_bytes()))
}

#[test]
fn refusals_keep_when_to_come_back_and_bad_nonces_are_left_to_the_library() {
    let nonce = r#"{"type": "urn:ietf:params:acme:error:badNonce"}"#;
    assert!(answer(400, nonce).is_ok());
    assert!(answer(200, "{}").is_ok());
    let Err(Error::Other(error)) = answer(503, "<html>") else { panic!("it is a refusal") };
    let refusal = error.downcast_ref::<Refusal>().unwrap();
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(7)));
    assert!(refusal.problem.is_none());
}
