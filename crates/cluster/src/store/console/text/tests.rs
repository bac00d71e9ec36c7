use super::*;

fn data(sections: &[(&str, &str)]) -> Data {
    sections.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn listener(text: &str) -> ListenerKey {
    text.parse().expect("a listener")
}

#[test]
fn everything_is_read_as_it_was_written() {
    let id = CertificateId::store;
    let console = Console {
        read_only: [("edge-lb".into(), false), ("off".into(), true)].into(),
        defaults: [
            (listener("edge-lb:443"), standing(&id("756"))),
            (
                listener("edge-lb:443/QUIC"),
                ConsoleEdit { id: id("shop/tls-a"), generation: NOT_FRESH },
            ),
        ]
        .into(),
        added: [(listener("edge-lb:443"), vec![standing(&id("true")), standing(&id("1e3"))])]
            .into(),
        removed: [(listener("edge-lb:8443"), vec![standing(&id("777-cn-hangzhou"))])].into(),
    };
    let mut written = Data::new();
    write(&mut written, &Console::default(), &console);
    assert_eq!(read(&written), (console, Vec::new()));
}

#[test]
fn what_people_write_by_hand_is_read() {
    let (console, problems) = read(&data(&[
        (READ_ONLY, "edge-lb: false"),
        (NEW_DEFAULTS, "edge-lb:443: 756-cn-hangzhou"),
        (ADDED, "edge-lb:443: [812-cn-hangzhou]"),
        (REMOVED, ""),
    ]));
    assert_eq!(problems, [""; 0]);
    assert!(!console.is_read_only("edge-lb"));
    assert!(console.defaults[&listener("edge-lb:443")].is_fresh(7));
    assert_eq!(console.added[&listener("edge-lb:443")].len(), 1);
}

#[test]
fn what_can_be_read_counts_and_the_rest_is_told() {
    let (console, problems) = read(&data(&[
        (READ_ONLY, "edge-lb: nonsense\nother: false"),
        (DEFAULTS, "no-port: 756\nedge-lb:443: [756]\nedge-lb:8443: good"),
        (NEW_DEFAULTS, "{: broken"),
        (ADDED, "edge-lb:443: [812, good]\nedge-lb:8443: lonely"),
        ("unknown", "whatever"),
    ]));
    assert!(console.is_read_only("edge-lb") && !console.is_read_only("other"));
    assert_eq!(console.defaults.len(), 1);
    assert_eq!(console.added[&listener("edge-lb:443")], [standing(&CertificateId::store("good"))]);
    let told = problems.join("\n");
    for part in [
        r#"data.readOnly: "edge-lb" does not count: write true or false"#,
        r#"data.defaults: "no-port" does not count: write LOADBALANCER:PORT"#,
        r#"data.defaults: "edge-lb:443" does not count: write one id, in quotes"#,
        "data.newDefaults cannot be read",
        r#"data.added: "edge-lb:443" does not count: write a list of ids, in quotes"#,
        r#"data.added: "edge-lb:8443" does not count"#,
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    assert_eq!(problems.len(), 6, "{told}");
}

#[test]
fn a_change_leaves_the_rest_as_people_wrote_it() {
    let mut map = data(&[
        (READ_ONLY, "# by hand\nedge-lb: false"),
        (DEFAULTS, "{: broken"),
        (ADDED, "edge-lb:443: [a]"),
        ("notes", "mine"),
    ]);
    let (before, _) = read(&map);
    let mut after = before.clone();
    after.added.clear();
    after.removed.insert(listener("edge-lb:443"), vec![standing(&CertificateId::store("b"))]);
    write(&mut map, &before, &after);
    assert_eq!(map[READ_ONLY], "# by hand\nedge-lb: false");
    assert_eq!(map[DEFAULTS], "{: broken");
    assert_eq!(map["notes"], "mine");
    assert!(!map.contains_key(ADDED));
    assert_eq!(read(&map).0.removed, after.removed);
}
