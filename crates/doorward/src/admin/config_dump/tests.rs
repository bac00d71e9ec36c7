use jiff::Timestamp;
use model::CertificateId;
use serde_json::{Value, json};
use serve::{RejectedCertificate, Served};

use super::ConfigDump;
use crate::fixture::{bound, certificate, listener, pending, served, server, with_servers};

fn secrets(served: &Served) -> Vec<Value> {
    let dump = serde_json::to_value(ConfigDump::new(served, &[])).unwrap();
    dump["configs"][0]["dynamic_active_secrets"].as_array().unwrap().clone()
}

#[test]
fn one_certificate_on_two_listeners_is_one_secret_and_pending_ones_are_none() {
    let shop = certificate(&["shop.test"]);
    let one = listener("a:443", &["shop.test"], vec![bound("shop/tls", &shop), pending("x/y")]);
    let two = listener("b:443", &["shop.test"], vec![bound("shop/tls", &shop)]);
    let dump = secrets(&Served {
        listeners: [one, two].map(|held| (held.key.clone(), served(held))).into(),
        generation: 1,
    });
    assert_eq!(dump.len(), 1);
    assert_eq!(dump[0]["name"], "shop/tls");
    assert_eq!(dump[0]["version_info"], shop.fingerprint.to_string());
    assert_eq!(dump[0].get("error_state"), None);
}

#[test]
fn servers_of_a_mesh_know_their_secrets_by_istios_names() {
    let bindings = || vec![bound("istio-system/new-certs", &certificate(&["a.test"]))];
    let own = listener("mesh:443", &["a.test"], bindings());
    let whole = with_servers(listener("mesh:443", &[], bindings()), vec![server(&["a.test"], own)]);
    let listeners = [(whole.key.clone(), served(whole))].into();
    let dump = ConfigDump::new(&Served { listeners, generation: 1 }, &[]);
    let text = serde_json::to_string_pretty(&dump).unwrap();
    // As `grep new-certs -A 3` sees it.
    let lines: Vec<_> = text.lines().collect();
    let found = lines.iter().enumerate().filter(|(_, line)| line.contains("new-certs"));
    let seen: Vec<_> = found.flat_map(|(at, _)| &lines[at..=at + 3]).collect();
    assert!(seen[0].contains("\"name\": \"kubernetes://new-certs\""), "{seen:?}");
    assert!(
        seen.iter().any(|line| line.contains("\"inline_bytes\": \"LS0tLS1CRUdJTi")),
        "{seen:?}"
    );
}

#[test]
fn what_was_refused_stands_beside_what_is_served() {
    let (good, bad) = (certificate(&["shop.test"]), certificate(&["shop.test"]));
    let mut held = served(listener("a:443", &["shop.test"], vec![bound("shop/tls", &good)]));
    held.rejected.push(RejectedCertificate {
        id: CertificateId::store("shop/tls"),
        fingerprint: bad.fingerprint,
        reason: "its key cannot sign".into(),
        since: Timestamp::UNIX_EPOCH,
    });
    let listeners = [("a:443".parse().unwrap(), held)].into();
    let dump = secrets(&Served { listeners, generation: 1 });
    assert_eq!(dump[0]["version_info"], good.fingerprint.to_string());
    assert_eq!(
        dump[0]["error_state"],
        json!({
            "details": "its key cannot sign",
            "last_update_attempt": "1970-01-01T00:00:00Z",
            "version_info": bad.fingerprint.to_string(),
        })
    );
}
