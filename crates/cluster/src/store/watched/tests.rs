use k8s_openapi::api::core::v1::ConfigMap;
use kube::core::Status;

use super::*;

fn trouble(status: Status) -> Trouble {
    let subject = Subject::of::<ConfigMap>("doorward-system", "doorward-console");
    Trouble::of(&watcher::Error::WatchError(Box::new(status)), &subject)
}

#[test]
fn only_rbac_is_a_refusal() {
    let forbidden = Status::failure("configmaps is forbidden: u cannot list", "Forbidden");
    assert!(matches!(trouble(forbidden.with_code(403)), Trouble::Refused(_)));
    let unknown = Status::failure("Unauthorized", "Unauthorized");
    assert!(matches!(trouble(unknown.with_code(401)), Trouble::Answered(_)));
}

#[test]
fn that_nothing_comes_through_is_told_once_in_whatever_words() {
    let (reset, refused) = (Trouble::Away("reset".into()), Trouble::Away("refused".into()));
    assert!(reset.is_the_same(&refused));
    let (one, other) = (Trouble::Answered("one".into()), Trouble::Answered("other".into()));
    assert!(!one.is_the_same(&other) && !one.is_the_same(&reset));
}
