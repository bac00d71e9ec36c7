use super::*;

#[test]
fn every_kind_is_watched_and_secrets_in_three_parts() {
    let store: Arc<str> = "doorward-system".into();
    let all = watches(&store, None);
    for kind in Kind::ALL {
        let watched = all.iter().filter(|watch| watch.kind == kind).count();
        assert_eq!(watched, if kind == Kind::Secret { 3 } else { 1 }, "{kind:?}");
    }
    let shop = BTreeSet::from(["shop".into()]);
    let secrets = watches(&store, Some(&shop)).into_iter().filter(|w| w.kind == Kind::Secret);
    let places: Vec<_> = secrets.map(|watch| format!("{watch} {:?}", watch.part)).collect();
    assert_eq!(
        places,
        [
            "Secret doorward-system Tls",
            "Secret doorward-system Names",
            "Secret shop Tls",
            "Secret shop Names",
            "Secret doorward-system Stored",
        ]
    );
}

#[test]
fn no_two_parts_bring_one_secret() {
    let config = |part| Watch { kind: Kind::Secret, namespace: None, part }.config();
    assert_eq!(config(Part::Tls).field_selector.as_deref(), Some("type=kubernetes.io/tls"));
    let stored = config(Part::Stored);
    assert_eq!(stored.field_selector.as_deref(), Some("type!=kubernetes.io/tls"));
    assert_eq!(stored.label_selector.as_deref(), Some("doorward.dev/certificate-id"));
    let names = config(Part::Names).field_selector.unwrap();
    assert!(names.starts_with("type!=kubernetes.io/tls,type!=helm.sh/release.v1,"), "{names}");
    assert!(names.split(',').any(|part| part == "type!=doorward.dev/order"), "{names}");
}
