use std::{
    io::{self, Write},
    sync::{Arc, mpsc},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use model::ListenerKey;
use prometheus_client::metrics::counter::Counter;

use super::*;
use crate::TlsFacts;

/// Gives each written line to the test.
struct Lines(mpsc::Sender<String>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8(bytes.to_vec()).map_err(io::Error::other)?;
        self.0.send(text).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn log(format: AccessLogFormat) -> (AccessLog, mpsc::Receiver<String>) {
    let (sender, lines) = mpsc::channel();
    let queue = Queue::start(Lines(sender), format, Counter::default()).unwrap();
    (AccessLog { queue: Some(queue) }, lines)
}

fn connection() -> Arc<Connection> {
    let tls = TlsFacts {
        server_name: Some("shop.test".into()),
        version: "TLSv1.3",
        cipher: "TLS_AES_256_GCM_SHA384",
        alpn: Some("http/1.1"),
        group: Some("X25519MLKEM768"),
        resumed: false,
        client_certificate: None,
    };
    let (client, local) = ("192.0.2.7:4711".parse().unwrap(), "192.0.2.1:443".parse().unwrap());
    Arc::new(Connection { client, local, tls: Some(tls) })
}

fn one_line(format: AccessLogFormat, request: Request<()>) -> String {
    let (log, lines) = log(format);
    let key = ListenerKey { load_balancer: "edge-lb".into(), port: 443, quic: false };
    let entry = log.begin(&connection(), &key, &request).unwrap();
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.extensions_mut().insert(AccessFacts {
        rule: Some("Ingress shop/web".into()),
        endpoint: Some("10.0.0.1:80".into()),
        endpoint_time: Some(Duration::from_millis(2)),
        attempts: 1,
        reason: Some("no-rule"),
    });
    let mut entry = entry.answered(&mut response);
    entry.sent(&hyper::body::Frame::data("hello".into()));
    entry.sent(&hyper::body::Frame::data("world".into()));
    drop(entry);
    lines.recv_timeout(testkit::LIMIT).unwrap()
}

fn request(path: &str) -> Request<()> {
    let request = Request::get(path).header("host", "shop.test").header("user-agent", "test/1");
    request.body(()).unwrap()
}

#[test]
fn a_json_line_tells_the_request_the_connection_and_what_the_proxy_knew() {
    let line = one_line(AccessLogFormat::Json, request("/cart?item=1"));
    let mut told: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(line.ends_with("}\n"));
    for changing in ["time", "durationMs"] {
        assert!(told.as_object_mut().unwrap().remove(changing).is_some(), "{changing}");
    }
    assert_eq!(
        told,
        serde_json::json!({
            "listener": "edge-lb:443", "client": "192.0.2.7:4711", "method": "GET",
            "host": "shop.test", "path": "/cart?item=1", "protocol": "HTTP/1.1", "status": 404,
            "bytesSent": 10, "userAgent": "test/1",
            "tls": {"serverName": "shop.test", "version": "TLSv1.3",
                    "cipher": "TLS_AES_256_GCM_SHA384", "resumed": false},
            "rule": "Ingress shop/web", "endpoint": "10.0.0.1:80", "endpointMs": 2.0,
            "attempts": 1, "reason": "no-rule",
        })
    );
}

#[test]
fn a_text_line_begins_like_the_combined_format() {
    let line = one_line(AccessLogFormat::Text, request("/cart"));
    assert!(line.starts_with("192.0.2.7 - - ["), "{line}");
    assert!(
        line.contains(
            "] \"GET /cart HTTP/1.1\" 404 10 \"-\" \"test/1\" \"shop.test\" edge-lb:443 "
        ),
        "{line}"
    );
    assert!(line.ends_with(" 10.0.0.1:80 no-rule\n"), "{line}");
}

#[test]
fn no_client_can_forge_a_line() {
    let mut request = request("/\"x");
    let agent = http::HeaderValue::from_bytes(b"a\"b\tc").unwrap();
    request.headers_mut().insert("user-agent", agent);
    for format in [AccessLogFormat::Text, AccessLogFormat::Json] {
        let line = one_line(format, request.clone());
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert!(line.contains(r#"a\"b\tc"#), "{line}");
    }
}

#[test]
fn a_client_that_left_before_the_answer_is_told_without_a_status() {
    let (log, lines) = log(AccessLogFormat::Json);
    let key = ListenerKey { load_balancer: "edge-lb".into(), port: 443, quic: false };
    drop(log.begin(&connection(), &key, &request("/")));
    let line: serde_json::Value =
        serde_json::from_str(&lines.recv_timeout(testkit::LIMIT).unwrap()).unwrap();
    assert_eq!(line["status"], serde_json::Value::Null);
}

#[test]
fn lines_that_nobody_reads_are_dropped_and_counted_not_waited_for() {
    /// Takes nothing until the test ends.
    struct Stuck(mpsc::Receiver<()>);
    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (_end, stuck) = mpsc::channel();
    let dropped = Counter::default();
    let queue = Queue::start(Stuck(stuck), AccessLogFormat::Json, dropped.clone()).unwrap();
    let log = AccessLog { queue: Some(queue) };
    let (connection, request) = (connection(), request("/"));
    let key = ListenerKey { load_balancer: "edge-lb".into(), port: 443, quic: false };
    while dropped.get() < 10 {
        drop(log.begin(&connection, &key, &request));
    }
}

#[test]
fn a_log_that_is_off_says_nothing() {
    let log = AccessLog::start(None, &mut Registry::default());
    let key = ListenerKey { load_balancer: "edge-lb".into(), port: 443, quic: false };
    assert!(log.begin(&connection(), &key, &request("/")).is_none());
}

#[test]
fn a_tunnel_has_a_line_when_it_is_over() {
    let key = ListenerKey { load_balancer: "edge-lb".into(), port: 5432, quic: false };
    let line = |format, unopened: Option<&str>| {
        let (log, lines) = log(format);
        let entry = log.begin_tunnel(&connection(), &key, unopened.map(Into::into)).unwrap();
        let facts = AccessFacts {
            rule: Some("VirtualService shop/db".into()),
            endpoint: Some("10.0.0.1:5432".into()),
            attempts: 1,
            ..AccessFacts::default()
        };
        entry.passed(70, 4711, facts);
        lines.recv_timeout(testkit::LIMIT).unwrap()
    };
    let json: serde_json::Value =
        serde_json::from_str(&line(AccessLogFormat::Json, Some("db.test"))).unwrap();
    assert_eq!(json["host"], "db.test");
    assert_eq!((&json["bytesReceived"], &json["bytesSent"]), (&70.into(), &4711.into()));
    assert_eq!(json["rule"], "VirtualService shop/db");
    assert!(json.get("method").is_none() && json.get("status").is_none());
    let text = line(AccessLogFormat::Text, None);
    assert!(text.contains(r#"] "TCP" - 4711 "-" "-" "shop.test" edge-lb:5432 "#), "{text}");
}
