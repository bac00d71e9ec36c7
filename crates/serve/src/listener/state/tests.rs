use model::{Certificate, TlsSettings, TlsVersions};

use super::*;
use crate::fixture::{self, certificate, list, unusable};

fn listener(certificates: &[(&str, &Arc<Certificate>)]) -> Arc<Listener> {
    Arc::new(fixture::listener(list(certificates)))
}

fn build(
    builder: &mut StateBuilder,
    wanted: &Arc<Listener>,
    former: Option<&ListenerState>,
) -> ListenerState {
    builder.build(wanted, former, Arc::default()).unwrap()
}

#[test]
fn equal_certificates_keep_their_table() {
    let mut builder = StateBuilder::default();
    let shop = certificate("shop.test");
    let first = build(&mut builder, &listener(&[("a", &shop)]), None);
    let again = build(&mut builder, &listener(&[("a", &shop)]), Some(&first));
    assert!(Arc::ptr_eq(&first.certificates, &again.certificates));
    let renewed = certificate("shop.test");
    let next = build(&mut builder, &listener(&[("a", &renewed)]), Some(&again));
    assert!(!Arc::ptr_eq(&again.certificates, &next.certificates));
    assert_ne!(next.version, again.version);
}

#[test]
fn a_bad_certificate_without_a_former_one_leaves_its_place_empty() {
    let (bad, good) = (unusable("shop.test"), certificate("docs.test"));
    let wanted = listener(&[("a", &good), ("b", &bad)]);
    let state = build(&mut StateBuilder::default(), &wanted, None);
    assert_eq!(state.rejected.len(), 1);
    assert_eq!(state.rejected[0].id, CertificateId::store("b"));
    let binding = &state.listener.certificates.bindings[1];
    assert_eq!((binding.status, &binding.certificate), (BindingStatus::Rejected, &None));
    assert!(state.certificates.knows("docs.test"));
    assert!(!state.certificates.knows("shop.test"));
}

#[test]
fn a_rejection_keeps_its_time_while_other_certificates_change() {
    let mut builder = StateBuilder::default();
    let (good, bad) = (certificate("shop.test"), unusable("shop.test"));
    let first = build(&mut builder, &listener(&[("a", &good)]), None);
    let rejected = build(&mut builder, &listener(&[("a", &bad)]), Some(&first));
    assert_eq!(rejected.listener.certificates.bindings[0].certificate, Some(good.clone()));
    let docs = certificate("docs.test");
    let wanted = listener(&[("a", &bad), ("b", &docs)]);
    let next = build(&mut builder, &wanted, Some(&rejected));
    assert_eq!(next.rejected, rejected.rejected);
    assert_eq!(next.listener.certificates.bindings[0].certificate, Some(good));
    assert!(next.certificates.knows("docs.test"));
}

#[test]
fn a_change_of_what_is_asked_of_clients_ends_former_connections() {
    let mut builder = StateBuilder::default();
    let shop = certificate("shop.test");
    let wanted = listener(&[("a", &shop)]);
    let state = build(&mut builder, &wanted, None);
    let renewed = certificate("shop.test");
    let same_terms = build(&mut builder, &listener(&[("a", &renewed)]), Some(&state));
    assert_eq!(state.admission, same_terms.admission);
    let tls = Some(TlsSettings {
        ciphers: None,
        versions: TlsVersions::V13,
        http2: true,
        client_auth: None,
    });
    let stricter = Arc::new(Listener { tls, ..Listener::clone(&wanted) });
    let stricter = build(&mut builder, &stricter, Some(&state));
    assert_ne!(state.admission, stricter.admission);
    assert!(Arc::new(stricter).serving(state.admission).is_none());
}

fn server(name: &str, certificates: &[(&str, &Arc<Certificate>)]) -> model::Server {
    let hosts = vec![model::Name::parse(&format!("{name}.test")).unwrap()];
    model::Server { name: name.into(), hosts, listener: listener(certificates) }
}

fn sharing(servers: Vec<model::Server>) -> Arc<Listener> {
    let bindings = servers.iter().flat_map(|one| &one.listener.certificates.bindings).cloned();
    let sum = CertificateList { bindings: bindings.collect() };
    Arc::new(Listener { tls: None, servers, ..fixture::listener(sum) })
}

fn states(state: &ListenerState) -> Vec<&Arc<ListenerState>> {
    state.servers.iter().flat_map(Servers::states).collect()
}

#[test]
fn a_change_of_one_server_leaves_the_others_as_they_are() {
    let mut builder = StateBuilder::default();
    let (shop, docs) = (certificate("shop.test"), certificate("docs.test"));
    let all = sharing(vec![server("a", &[("a", &shop)]), server("b", &[("b", &docs)])]);
    let first = build(&mut builder, &all, None);
    let renewed = certificate("shop.test");
    // In another order, and not by the same pointers.
    let changed = sharing(vec![server("b", &[("b", &docs)]), server("a", &[("a", &renewed)])]);
    let next = build(&mut builder, &changed, Some(&first));
    let (before, after) = (states(&first), states(&next));
    assert!(Arc::ptr_eq(before[1], after[0]));
    assert!(!Arc::ptr_eq(before[0], after[1]));
    assert_eq!(before[0].admission, after[1].admission, "its connections stay");
    assert_ne!(first.version, next.version);
    assert_eq!(build(&mut builder, &changed, Some(&next)).since, next.since);
}

#[test]
fn a_bad_certificate_of_a_server_shows_in_the_sum_of_all() {
    let mut builder = StateBuilder::default();
    let (good, bad) = (certificate("shop.test"), unusable("shop.test"));
    let docs = certificate("docs.test");
    let with = |shop| sharing(vec![server("a", &[("a", shop)]), server("b", &[("b", &docs)])]);
    let first = build(&mut builder, &with(&good), None);
    let next = build(&mut builder, &with(&bad), Some(&first));
    assert_eq!(next.rejected[0].id, CertificateId::store("a"));
    let sum = &next.listener.certificates.bindings;
    assert_eq!((sum[0].status, &sum[0].certificate), (BindingStatus::Rejected, &Some(good)));
    assert_eq!(sum[1].status, BindingStatus::Associated);
    assert_eq!(next.listener.servers[0].listener.certificates.bindings[0], sum[0]);
}

#[test]
fn two_servers_of_one_name_are_kept_apart() {
    let mut builder = StateBuilder::default();
    let (shop, docs) = (certificate("shop.test"), certificate("docs.test"));
    let twice = || {
        let twin = model::Server { name: "a".into(), ..server("b", &[("b", &docs)]) };
        sharing(vec![server("a", &[("a", &shop)]), twin])
    };
    let first = build(&mut builder, &twice(), None);
    let next = build(&mut builder, &twice(), Some(&first));
    for (before, after) in states(&first).into_iter().zip(states(&next)) {
        assert!(Arc::ptr_eq(before, after));
    }
    assert_ne!(states(&next)[0].admission, states(&next)[1].admission);
}
