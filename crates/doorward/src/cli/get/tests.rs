use super::*;

fn order(state: &str, stage: &str, asked: Option<&str>) -> OrderView {
    serde_json::from_value(serde_json::json!({
        "id": "doorward-system/issued-wildcard.a-long-name.example.test",
        "names": ["*.a-long-name.example.test", "a-long-name.example.test"],
        "issuer": "letsencrypt-production",
        "asked": asked,
        "state": state,
        "stage": stage,
        "message": "it is at work",
        "expires": "2027-03-01T00:00:00Z",
        "nextAttempt": "2027-02-01T00:00:00Z",
    }))
    .unwrap()
}

#[test]
fn orders_fit_a_narrow_terminal_whatever_they_are_called() {
    let all = vec![order("Issued", "Served", None), order("Pending", "Validating", Some("backup"))];
    let text = orders(all, Screen::wide(80));
    let (table, lines) = text.split_once("\n\n").unwrap();
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    for word in ["Served", "Validating"] {
        assert!(table.contains(word), "{word} is missing:\n{table}");
    }
    assert_eq!(
        lines, "doorward-system/issued-wildcard.a-long-name.example.test: it is at work\n",
        "only what is not in hand has something to say"
    );
}

#[test]
fn orders_that_are_all_in_hand_are_a_table_alone() {
    let text = orders(vec![order("Issued", "Served", None)], Screen::plain());
    assert_eq!(text.lines().count(), 2, "{text}");
}
