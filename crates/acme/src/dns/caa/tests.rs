use testkit::knot::Knot;

use super::*;

fn rules(records: &[(&str, &str)]) -> Rules {
    let records = records.iter().map(|(tag, value)| {
        let mut caa = CAA::new_issue(tag.starts_with('!'), None, Vec::new());
        caa.tag = tag.trim_start_matches('!').to_owned();
        caa.value = value.as_bytes().to_vec();
        caa
    });
    Rules { domain: "a.test".into(), records: records.collect() }
}

#[test]
fn who_is_named_may_issue_and_nobody_else() {
    let identities = ["ca.test".to_owned(), "other.test".to_owned()];
    for (records, host, wildcard) in [
        (&[("issue", "ca.test")][..], true, true),
        (&[("issue", "CA.test; accounturi=https://ca.test/1")], true, true),
        (&[("ISSUE", "stranger.test"), ("issue", " other.test ")], true, true),
        (&[("issue", "stranger.test")], false, false),
        (&[("issue", ";")], false, false),
        (&[("issue", "")], false, false),
        (&[("issue", "ca.test"), ("issuewild", ";")], true, false),
        (&[("issue", ";"), ("issuewild", "ca.test")], false, true),
        (&[("issuewild", "stranger.test")], true, false),
        (&[("iodef", "mailto:a@a.test")], true, true),
        (&[("unheard-of", "x")], true, true),
        (&[("issue", "ca.test"), ("!unheard-of", "x")], false, false),
        (&[("issue", "ca.test.stranger.test")], false, false),
    ] {
        let rules = rules(records);
        assert_eq!(rules.let_in(&identities, false), host, "{records:?}");
        assert_eq!(rules.let_in(&identities, true), wildcard, "*. {records:?}");
    }
}

#[tokio::test]
async fn the_nearest_domain_that_says_anything_counts() {
    let records = "@ CAA 0 issue \"ca.test\"\n\
                   shop CAA 0 issue \"stranger.test\"\n\
                   alias CNAME shop\n";
    let Some(knot) = Knot::holding(&[("a.test", records)]).await else { return };
    let mut lookup = Lookup::new(knot.address());
    for (host, domain) in [
        ("a.test", "a.test"),
        ("www.a.test", "a.test"),
        ("shop.a.test", "shop.a.test"),
        ("deep.below.shop.a.test", "shop.a.test"),
        // RFC 8659 section 3: the alias has the records of what it stands for.
        ("alias.a.test", "alias.a.test"),
    ] {
        assert_eq!(lookup.rules(host).await.unwrap().unwrap().domain, domain, "{host}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_is_no_answer() {
    let Some(knot) = Knot::holding(&[("a.test", "")]).await else { return };
    let told = Lookup::new(knot.address()).rules("a.elsewhere").await.unwrap_err();
    assert!(told.message.contains("CAA records of a.elsewhere"), "{told}");
}
