use super::*;

fn host() -> HostName {
    HostName("master-1".to_owned())
}

fn refusal(caller: &str, why: Option<&str>) -> Refusal {
    Refusal { caller: caller.to_owned(), why: why.map(str::to_owned) }
}

fn status(message: &str) -> String {
    json!({"kind": "Status", "status": "Failure", "message": message}).to_string()
}

#[test]
fn an_answer_tells_of_etcd_or_of_rights_but_never_of_both() {
    let forbidden = status("configmaps \"pki-probe\" is forbidden");
    let webhook = status("Internal error occurred: failed calling webhook \"policy\": refused");
    let lost = status("etcdserver: request timed out");
    for (code, body, expected) in [
        (200, "{}", Answer::Done),
        (201, "{}", Answer::Done),
        (401, "Unauthorized", Answer::Unknown),
        (404, "not found", Answer::Missing),
        (403, &forbidden, Answer::Refused("403 configmaps \"pki-probe\" is forbidden".to_owned())),
        (409, "Conflict\nmore", Answer::Failed("409 Conflict".to_owned())),
        (500, &lost, Answer::Failed("500 etcdserver: request timed out".to_owned())),
        (503, "", Answer::Failed("503 ".to_owned())),
    ] {
        assert_eq!(answer(code, body), expected, "{code} {body}");
    }
    assert!(matches!(answer(500, &webhook), Answer::Refused(_)), "it is not etcd that is wrong");
}

#[test]
fn health_that_is_not_told_to_strangers_is_no_health() {
    assert_eq!(health(200, "ok"), Ok(Told::Well));
    assert_eq!(health(404, "404 page not found"), Ok(Told::Well), "an old one");
    assert_eq!(health(401, "Unauthorized"), Ok(Told::Nothing));
    assert_eq!(health(403, "Forbidden"), Ok(Told::Nothing));
    let told = "[+]ping ok\n[-]etcd failed: reason withheld\n[-]other failed\nlivez check failed";
    let expected = "500 etcd failed: reason withheld, other failed";
    assert_eq!(health(500, told), Err(expected.to_owned()));
}

#[test]
fn whoever_is_to_be_known_has_to_be() {
    let strangers = [refusal("kubernetes-admin", None), refusal("kubelet-client", None)];
    let wrong = unproven(&host(), &strangers).expect_err("nobody is let in");
    assert!(wrong.contains("does not know kubernetes-admin (401)"), "{wrong}");
}

#[test]
fn lacking_rights_or_a_certificate_is_told_and_no_fault() {
    let first_of_the_known = [refusal("new", None), refusal("old", Some("403 it may not write"))];
    let note = unproven(&host(), &first_of_the_known).expect("a note");
    assert!(note.contains("on master-1 was not seen to write: old is told 403"), "{note}");
    let note = unproven(&host(), &[]).expect("a note");
    assert!(note.contains("no certificate of a client was found"), "{note}");
}

#[test]
fn only_what_a_run_made_is_its_to_take_away() {
    assert!(is_ours(&object("R1")));
    let somebody_elses = json!({"metadata": {"name": NAME, "labels": {}}, "data": {}});
    assert!(!is_ours(&somebody_elses.to_string()));
    assert!(!is_ours("no JSON"));
}

#[test]
fn no_write_is_like_the_one_before() {
    assert_ne!(patch("R1 at 1"), patch("R1 at 2"));
}
