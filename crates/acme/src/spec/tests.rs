use serde_json::{Value, json};

use super::*;

/// The shape that users write.
fn whole() -> Value {
    json!({
        "server": "https://127.0.0.1:14000/dir",
        "email": "ops@example.com",
        "profile": "shortlived",
        "solvers": [
            {"http01": {}},
            {"tlsAlpn01": {}},
            {"dns01": {"rfc2136": {
                "nameserver": "127.0.0.1:5353",
                "zone": "example.test",
                "tsig": {"name": "k", "algorithm": "hmac-sha256", "secret": {"name": "tsig", "key": "secret"}},
            }}, "names": ["*.example.test"]},
        ],
    })
}

fn problem(change: impl FnOnce(&mut Value)) -> String {
    let mut value = whole();
    change(&mut value);
    AcmeSpec::read(&value).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read_and_written_again() {
    let spec = AcmeSpec::read(&whole()).unwrap();
    assert_eq!(serde_json::to_value(&spec).unwrap(), whole());
    let dns = spec.solvers[2].dns01.as_ref().unwrap();
    assert_eq!(dns.rfc2136.as_ref().unwrap().tsig.as_ref().unwrap().secret.name, "tsig");
}

#[test]
fn a_bundle_holds_certificates() {
    use base64::Engine as _;
    let ca = testkit::pki::TestCa::new("private");
    let mut value = whole();
    value["caBundle"] = base64::prelude::BASE64_STANDARD.encode(ca.pem()).into();
    let spec = AcmeSpec::read(&value).unwrap();
    assert_eq!(spec.trusted().unwrap(), [ca.der().clone()]);
}

#[test]
fn what_is_wrong_is_named_with_its_field_and_cure() {
    for (told, expected) in [
        (problem(|spec| spec["solver"] = json!([])), "spec.acme.solver: unknown field"),
        (
            problem(|spec| spec["server"] = json!("http://ca")),
            "spec.acme.server: \"http://ca\" is no HTTPS URL",
        ),
        (problem(|spec| spec["server"] = json!(7)), "spec.acme.server: invalid type"),
        (problem(|spec| spec["email"] = json!("ops")), "spec.acme.email: is no mail address"),
        (problem(|spec| spec["caBundle"] = json!("-----")), "spec.acme.caBundle: is no base64"),
        (
            problem(|spec| spec["resolver"] = json!("ns.a.test")),
            "spec.acme.resolver: \"ns.a.test\" is no address with a port",
        ),
        (problem(|spec| spec["solvers"] = json!([])), "spec.acme.solvers: names no way"),
        (problem(|spec| spec["solvers"][0] = json!({})), "spec.acme.solvers[0]: needs exactly one"),
        (
            problem(|spec| spec["solvers"][0]["tlsAlpn01"] = json!({})),
            "spec.acme.solvers[0]: needs exactly one of http01, tlsAlpn01 and dns01",
        ),
        (
            problem(|spec| spec["solvers"][0]["http01"] = json!({"port": 80})),
            "spec.acme.solvers[0].http01.port: unknown field",
        ),
        (
            problem(|spec| spec["solvers"][2]["names"] = json!(["a.*.test"])),
            "spec.acme.solvers[2].names[0]: \"a.*.test\"",
        ),
        (
            problem(|spec| spec["solvers"][2]["dns01"]["rfc2136"]["nameserver"] = json!("ns.test")),
            "spec.acme.solvers[2].dns01.rfc2136.nameserver: \"ns.test\" is no address",
        ),
        (
            problem(|spec| {
                spec["solvers"][2]["dns01"]["rfc2136"]["tsig"]["algorithm"] = json!("hmac-md5")
            }),
            "spec.acme.solvers[2].dns01.rfc2136.tsig.algorithm",
        ),
        (
            problem(|spec| spec["solvers"][2]["dns01"] = json!({"command": []})),
            "spec.acme.solvers[2].dns01.command: names no program",
        ),
    ] {
        assert!(told.starts_with(expected), "{told}\nis not\n{expected}");
    }
}
