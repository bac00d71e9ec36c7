use super::*;

pub(crate) fn entry(id: &str, phase: Phase) -> Entry {
    Entry {
        id: CertificateId::store(id),
        serial: 7,
        issuer: "local".into(),
        names: vec![
            Name::parse("a.test").expect("a name"),
            Name::parse("*.b.test").expect("a name"),
        ],
        key: KeyKind::Rsa2048,
        brought: Some(Fingerprint([0xab; 32])),
        kind: Kind::Renewal,
        began: Timestamp::from_second(1_800_000_000).expect("in range"),
        progress: Progress(serde_json::json!({"order": "https://ca.test/1", "key": "hush"})),
        phase,
        failures: 2,
        next: Timestamp::from_second(1_800_000_060).expect("in range"),
        message: "waiting".into(),
    }
}

#[test]
fn an_entry_comes_back_from_its_page_as_it_was() {
    for phase in [Phase::Open(Stage::Validating), Phase::Over] {
        let entry = entry("shop/web", phase);
        let back = Entry::from_page(&entry.to_page()).expect("its page").expect("readable");
        assert_eq!(back, entry);
    }
}

#[test]
fn pages_are_told_apart_and_their_names_fit_a_file() {
    let names: Vec<String> = ["shop/web", "shop_web", &"x".repeat(400)]
        .map(|id| entry(id, Phase::Over).page_name())
        .to_vec();
    assert_ne!(names[0], names[1]);
    for name in names {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        assert!(name.len() <= 200 && name.bytes().all(fits), "{name}");
    }
}

#[test]
fn an_entry_shows_no_progress() {
    let shown =
        format!("{:?} {:?}", entry("a/b", Phase::Over), entry("a/b", Phase::Over).to_page());
    assert!(!shown.contains("hush"), "{shown}");
}
