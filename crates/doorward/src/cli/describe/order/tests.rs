use jiff::SignedDuration;
use serde_json::json;

use super::*;

#[test]
fn an_order_that_waits_says_for_what_and_until_when() {
    let now: Timestamp = "2027-03-01T12:00:00Z".parse().unwrap();
    let found = serde_json::from_value(json!({
        "id": "shop/web-tls", "names": ["a.test", "b.test"], "issuer": "letsencrypt",
        "asked": "backup", "state": "Pending", "stage": "Budget", "failures": 2,
        "message": "waits for a limit of its issuer: orders per 3h", "updated": now,
        "expires": now + SignedDuration::from_hours(240), "nextAttempt": "2027-03-01T13:00:00Z",
        "budget": {"limit": "orders per 3h", "until": "2027-03-01T13:00:00Z"},
        "renewalWindow": {
            "start": "2027-03-02T00:00:00Z", "end": "2027-03-03T00:00:00Z",
            "explanation": "https://ca.test/incident", "askAgain": "2027-03-02T00:00:00Z",
        },
    }));
    let text = text(&found.unwrap(), now);
    assert_eq!(
        text,
        "Order:         shop/web-tls\n\
         Names:         a.test b.test\n\
         Issuer:        letsencrypt\n\
         Asked now:     backup\n\
         State:         Pending\n\
         Stage:         Budget\n\
         Message:       waits for a limit of its issuer: orders per 3h\n\
         Since:         2027-03-01T12:00:00Z (in 0 s)\n\
         Failures:      2 in a row\n\
         Limit:         orders per 3h\n\
         Free again:    2027-03-01T13:00:00Z (in 60 min)\n\
         Next:          2027-03-01T13:00:00Z (in 60 min)\n\
         Expires:       2027-03-11T12:00:00Z (in 10 days)\n\
         Renew between: 2027-03-02T00:00:00Z and 2027-03-03T00:00:00Z\n\
         Because:       https://ca.test/incident\n"
    );
}

#[test]
fn an_order_of_an_older_doorward_is_told_as_far_as_it_goes() {
    let found = json!({"id": "a/b", "names": [], "issuer": "ca", "state": "Issued", "message": ""});
    let text = text(&serde_json::from_value(found).unwrap(), Timestamp::UNIX_EPOCH);
    assert!(text.starts_with("Order:         a/b\n"), "{text}");
}
