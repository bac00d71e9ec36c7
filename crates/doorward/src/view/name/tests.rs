use std::sync::Arc;

use jiff::Timestamp;
use model::{Binding, CertificateId, Listener, Model, Name, ObjectRef, Want};
use serve::{LedgerEntry, ServedName};

use super::names_of;
use crate::fixture::{bound, certificate, listener, pending, server, with_servers};

fn wanting(id: &str, host: &str) -> Model {
    let want = Want {
        id: CertificateId::store(id),
        names: vec![Name::parse(host).unwrap()],
        issuer: "local".into(),
        wanted_by: ObjectRef::namespaced("Ingress", "shop", "web"),
        key: None,
        held: None,
        held_from: None,
    };
    Model { wants: vec![want], ..Model::default() }
}

#[test]
fn each_host_says_which_certificate_answers_and_how_it_was_found() {
    let (exact, wild) = (certificate(&["a.test"]), certificate(&["*.b.test"]));
    let default = Binding { is_default: true, ..bound("wild", &wild) };
    let listener = listener(
        "web:443",
        &["a.test", "x.b.test", "c.test"],
        vec![default, bound("exact", &exact)],
    );
    let rows: Vec<_> = names_of(&Model::default(), &listener, None)
        .into_iter()
        .map(|row| (row.name, row.certificate.unwrap_or_default(), row.found))
        .collect();
    let row = |name: &str, id: &str, found: &str| (name.into(), id.into(), found.into());
    assert_eq!(
        rows,
        [
            row("a.test", "exact", "Exact"),
            row("c.test", "wild", "Default"),
            row("x.b.test", "wild", "Wildcard"),
            row("(other names)", "wild", "Default"),
            row("(no name)", "wild", "Default"),
        ]
    );
}

#[test]
fn what_an_issuer_would_make_is_pending_where_no_gateway_runs() {
    let model = wanting("d/issued", "a.test");
    let listener = listener("web:443", &["a.test"], vec![pending("d/issued")]);
    let row = &names_of(&model, &listener, None)[0];
    assert_eq!((row.certificate.as_deref(), row.found.as_str()), (Some("d/issued"), "Pending"));
    // A running gateway has nothing to answer with yet, and says so.
    let row = &names_of(&model, &listener, Some(&[]))[0];
    assert_eq!((row.certificate.as_deref(), row.found.as_str()), (None, "Nothing"));
}

#[test]
fn counts_come_from_the_ledger_under_their_name() {
    let held = certificate(&["a.test"]);
    let listener = listener("web:443", &["a.test"], vec![bound("a", &held)]);
    let entry = LedgerEntry {
        name: ServedName::Name(Arc::from("a.test")),
        handshakes: 7,
        fallbacks: 0,
        refused: 0,
        certificate: Some((held.fingerprint, Timestamp::UNIX_EPOCH)),
    };
    let rows = names_of(&Model::default(), &listener, Some(&[entry]));
    let counts: Vec<_> = rows.iter().map(|row| row.counts.as_ref().unwrap().handshakes).collect();
    assert_eq!(counts, [7, 0, 0]);
}

#[test]
fn the_names_of_servers_are_their_hosts_whatever_their_certificates_carry() {
    let (apex, exact) = (certificate(&["a.test"]), certificate(&["www.b.test"]));
    let (apex, exact) = (vec![bound("edge/a", &apex)], vec![bound("edge/b", &exact)]);
    let mut passed_on = server(&["c.test"], listener("mesh:443", &[], vec![]));
    passed_on.listener = Arc::new(Listener { tls: None, ..(*passed_on.listener).clone() });
    let whole = with_servers(
        listener("mesh:443", &[], [apex.clone(), exact.clone()].concat()),
        vec![
            server(&["*.a.test"], listener("mesh:443", &["routed.a.test"], apex)),
            server(&["www.b.test"], listener("mesh:443", &[], exact)),
            passed_on,
        ],
    );
    let entry = LedgerEntry {
        name: ServedName::Name(Arc::from("*.a.test")),
        handshakes: 3,
        fallbacks: 0,
        refused: 0,
        certificate: None,
    };
    let rows = names_of(&Model::default(), &whole, Some(&[entry]));
    assert_eq!(rows[0].counts.as_ref().unwrap().handshakes, 3);
    let rows: Vec<_> = rows
        .into_iter()
        .map(|row| (row.name, row.certificate.unwrap_or_default(), row.found))
        .collect();
    let row = |name: &str, id: &str, found: &str| (name.into(), id.into(), found.into());
    assert_eq!(
        rows,
        [
            row("*.a.test", "edge/a", "Assigned"),
            row("c.test", "", "PassedOn"),
            row("www.b.test", "edge/b", "Exact"),
            row("(other names)", "", "Nothing"),
            row("(no name)", "", "Nothing"),
        ]
    );
}

#[test]
fn a_server_is_answered_by_the_secret_that_it_names_though_another_holds_the_same() {
    let same = certificate(&["*.a.test"]);
    let (one, two) = (vec![bound("edge/one", &same)], vec![bound("edge/two", &same)]);
    let whole = with_servers(
        listener("mesh:443", &[], [one.clone(), two.clone()].concat()),
        vec![
            server(&["x.a.test"], listener("mesh:443", &[], one)),
            server(&["y.a.test"], listener("mesh:443", &[], two)),
        ],
    );
    let rows = names_of(&Model::default(), &whole, None);
    let ids: Vec<_> = rows.iter().filter_map(|row| row.certificate.as_deref()).collect();
    assert_eq!(ids, ["edge/one", "edge/two"]);
}
