use super::{Screen, Table, day, names};

fn sample(width: Option<u16>) -> String {
    let mut table =
        Table::new(Screen { colours: false, width }, &["ID", "STATUS", "MESSAGE"], &["MESSAGE"]);
    table.row(
        ["edge-lb:443", "Rejected", "spec.tls[0].secretName: there is no such Secret"]
            .map(Into::into),
    );
    table.row(["a", "Accepted", "fine"].map(Into::into));
    table.to_string()
}

#[test]
fn columns_line_up_two_blanks_apart() {
    assert_eq!(
        sample(None),
        "ID           STATUS    MESSAGE\n\
         edge-lb:443  Rejected  spec.tls[0].secretName: there is no such Secret\n\
         a            Accepted  fine\n"
    );
}

#[test]
fn a_narrow_terminal_wraps_and_loses_nothing() {
    let table = sample(Some(45));
    assert!(table.lines().all(|line| line.chars().count() <= 45), "{table}");
    for word in ["spec.tls[0]", "Secret", "edge-lb:443", "Rejected"] {
        assert!(table.contains(word), "{word} is missing:\n{table}");
    }
}

#[test]
fn columns_that_yield_go_before_any_line_is_wrapped() {
    let sample = |width| {
        let mut table = Table::new(Screen::wide(width), &["ID", "FOR", "FILE"], &["FILE"])
            .yielding(&["FILE", "FOR"]);
        table.row(["a", "etcd", "/var/lib/etcd/cert/a.pem"].map(Into::into));
        table.to_string()
    };
    assert_eq!(sample(34), "ID  FOR   FILE\na   etcd  /var/lib/etcd/cert/a.pem\n");
    assert!(sample(33).starts_with("ID  FOR\na   etcd\n(no room for FILE;"));
    assert!(sample(5).starts_with("ID\na\n(no room for FILE, FOR;"));
}

#[test]
fn colours_show_only_where_asked_for() {
    assert!(!sample(None).contains('\u{1b}'));
}

#[test]
fn many_names_are_counted() {
    let four = ["a.test", "b.test", "c.test", "d.test"].map(String::from);
    assert_eq!(names(&four), "a.test b.test c.test +1");
    assert_eq!(names(&four[..3]), "a.test b.test c.test");
    assert_eq!(names(&[]), "");
}

#[test]
fn days_say_how_far() {
    let now = "2027-01-01T00:00:00Z".parse().unwrap();
    for (time, text) in [
        ("2027-04-01T00:00:00Z", "2027-04-01 (in 90 days)"),
        ("2027-03-31T23:59:58Z", "2027-03-31 (in 90 days)"),
        ("2027-01-01T05:00:00Z", "2027-01-01 (in 5 h)"),
        ("2026-12-31T23:59:30Z", "2026-12-31 (30 s ago)"),
        ("2026-12-30T23:00:00Z", "2026-12-30 (25 h ago)"),
    ] {
        assert_eq!(day(time.parse().unwrap(), now), text);
    }
}
