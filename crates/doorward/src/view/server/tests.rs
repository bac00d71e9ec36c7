use std::sync::Arc;

use model::{Binding, BindingStatus, ClientAuth, Listener, Tunnel};

use super::*;
use crate::fixture::{bound, certificate, listener, pending, server};

fn view(change: impl FnOnce(&mut Listener)) -> ServerView {
    let mut own = listener("mesh:443", &[], vec![]);
    change(&mut own);
    ServerView::from(&server(&["*.a.test"], own))
}

fn asking(demand: ClientDemand) -> impl FnOnce(&mut Listener) {
    move |own| {
        let ids = vec![model::CertificateId::secret("edge", "web-cacert")];
        let auth = Arc::new(ClientAuth { demand, ids, ..ClientAuth::default() });
        own.tls.as_mut().unwrap().client_auth = Some(auth);
    }
}

#[test]
fn a_server_is_shown_in_istios_words() {
    assert_eq!(view(|_| {}).mode, "SIMPLE");
    assert_eq!(view(asking(ClientDemand::Required)).mode, "MUTUAL");
    let optional = view(asking(ClientDemand::Optional));
    assert_eq!(
        (optional.mode.as_str(), optional.client_ca),
        ("OPTIONAL_MUTUAL", vec!["edge/web-cacert".into()])
    );
    let passed_on = view(|own| {
        own.tls = None;
        own.tunnel = Some(Arc::new(Tunnel {
            origin: model::ObjectRef::namespaced("VirtualService", "shop", "web"),
            targets: Vec::new(),
        }));
    });
    assert_eq!(
        (passed_on.mode.as_str(), passed_on.hosts),
        ("PASSTHROUGH", vec!["*.a.test".into()])
    );
    assert_eq!(ServerView::from(&server(&[], listener("mesh:443", &[], vec![]))).hosts, ["*"]);
}

#[test]
fn what_is_kept_after_its_secret_is_gone_is_told_apart() {
    let held = bound("edge/web", &certificate(&["a.test"]));
    let kept = Binding { status: BindingStatus::Rejected, ..held.clone() };
    let shown = view(|own| own.certificates.bindings = vec![held, kept, pending("edge/none")]);
    let states: Vec<_> = shown.certificates.iter().map(|held| held.state.as_str()).collect();
    assert_eq!(states, ["Served", "Kept", "Missing"]);
}
