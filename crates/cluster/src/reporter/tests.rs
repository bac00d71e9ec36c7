//! Stories of leaders and an API server.

mod of_both;
mod scene;
mod stage;

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use testkit::{LIMIT, wait_until};

use scene::{edge, ingress};
use stage::Stage;

fn address(object: &Value) -> Option<String> {
    object["status"]["loadBalancer"]["ingress"][0]["ip"].as_str().map(str::to_owned)
}

fn id(object: &Value) -> Option<String> {
    object["status"]["loadBalancer"]["id"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn statuses_are_written_once() {
    let stage = Stage::with(&["web"]).await;
    stage.leader("a");
    assert_eq!(stage.of_ingress("web", address).await, "203.0.113.7");
    assert_eq!(stage.api.wait_for("AlbConfig", "", "edge-lb", id).await, "edge-lb");
    stage.add("api");
    stage.of_ingress("api", address).await;
    assert_eq!(stage.api.count("patch", "ingresses/status"), 2, "one for each");
    assert_eq!(stage.api.count("patch", "albconfigs/status"), 1);
    let written = stage.api.requests().into_iter().filter(|asked| asked.verb == "patch");
    assert!(written.into_iter().all(|asked| asked.manager == "doorward"));
}

#[tokio::test]
async fn nobody_writes_without_the_lease() {
    let stage = Stage::with(&["web"]).await;
    let first = stage.leader("a");
    stage.of_ingress("web", address).await;
    first.lose();
    stage.leader("b");
    stage.fail("web", "no good");
    assert_eq!(stage.event_on("web", "no good").await["reportingInstance"], "b");
}

#[tokio::test]
async fn the_next_leader_says_nothing_twice() {
    let stage = Stage::with(&["web", "api"]).await;
    stage.fail("web", "no good");
    let first = stage.leader("a");
    stage.event_on("web", "no good").await;
    first.lose();
    let said = stage.events().len();
    stage.leader("b");
    stage.fail("api", "no better");
    stage.event_on("api", "no better").await;
    let on_edge = |event: &Value| event["message"] == "Ingress shop/api: no better";
    wait_until(LIMIT, || async { stage.events().iter().any(on_edge) }).await;
    assert_eq!(stage.events().len(), said + 2, "{:#?}", stage.events());
    assert!(stage.events().iter().all(|event| event["count"] == 1));
}

#[tokio::test]
async fn a_warning_that_stands_is_renewed_though_nothing_changes() {
    let stage = Stage::with(&["web"]).await;
    stage.fail("web", "no good");
    stage.leader("a");
    stage.counted("web", "no good", 1).await;
    stage.settled().await;
    for count in 2..=3 {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(51 * 60)).await;
        tokio::time::resume();
        stage.counted("web", "no good", count).await;
    }
}

#[tokio::test]
async fn the_next_leader_renews_what_the_one_before_it_wrote_long_ago() {
    let stage = Stage::with(&["web", "api"]).await;
    stage.fail("web", "no good");
    stage.fail("api", "no better");
    let first = stage.leader("a");
    let old = stage.event_on("web", "no good").await;
    stage.event_on("api", "no better").await;
    first.lose();
    stage.age(old, Duration::from_secs(51 * 60));
    stage.leader("b");
    stage.counted("web", "no good", 2).await;
    stage.counted("api", "no better", 1).await;
}

#[tokio::test]
async fn an_event_is_as_kubectl_describe_looks_for_it() {
    let stage = Stage::with(&["web"]).await;
    stage.fail("web", "no good");
    stage.leader("a");
    let event = stage.event_on("web", "no good").await;
    assert_eq!(event["type"], "Warning");
    assert_eq!(event["reason"], "FailedBuildModel");
    assert_eq!(event["source"], json!({"component": "ingress"}));
    let about = &event["involvedObject"];
    assert_eq!(about["apiVersion"], "networking.k8s.io/v1");
    assert_eq!((&about["kind"], &about["namespace"]), (&json!("Ingress"), &json!("shop")));
    let live = stage.api.object("Ingress", "shop", "web").unwrap();
    assert_eq!(about["uid"], live["metadata"]["uid"]);
    let events = stage.events();
    let on_edge = events.iter().find(|event| event["involvedObject"]["kind"] == "AlbConfig");
    assert_eq!(on_edge.unwrap()["metadata"]["namespace"], "default");
}

#[tokio::test]
async fn what_comes_back_counts_up_even_when_the_event_is_gone() {
    let stage = Stage::with(&["web"]).await;
    stage.leader("a");
    stage.of_ingress("web", address).await;
    for count in 1..=2 {
        stage.fail("web", "no good");
        stage.counted("web", "no good", count).await;
        stage.accept(ingress("web"));
        stage.counted("web", "Successfully reconciled", count).await;
    }
    for event in stage.events() {
        let text = |key: &str| event["metadata"][key].as_str().unwrap().to_owned();
        stage.api.delete("Event", &text("namespace"), &text("name"));
    }
    stage.fail("web", "no good");
    stage.counted("web", "no good", 3).await;
}

#[tokio::test]
async fn an_address_is_told_once_the_gateway_service_has_one() {
    let stage = Stage::with(&["web"]).await;
    stage.leader_publishing("a", &[]);
    stage.api.wait_for("AlbConfig", "", "edge-lb", id).await;
    assert_eq!(stage.api.count("patch", "ingresses/status"), 0);
    stage.api.put(json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "doorward", "namespace": "doorward-system"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 443}]},
        "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.4", "ipMode": "VIP"}]}},
    }));
    assert_eq!(stage.of_ingress("web", address).await, "198.51.100.4");
    let name =
        |object: &Value| object["status"]["loadBalancer"]["dnsname"].as_str().map(str::to_owned);
    assert_eq!(stage.api.wait_for("AlbConfig", "", "edge-lb", name).await, "198.51.100.4");
}

#[tokio::test]
async fn an_object_deleted_meanwhile_is_no_fault() {
    let stage = Stage::with(&["web", "api"]).await;
    stage.stop_watching();
    stage.api.delete("Ingress", "shop", "api");
    let leader = stage.leader("a");
    stage.of_ingress("web", address).await;
    wait_until(LIMIT, || async { stage.api.count("patch", "ingresses/status") == 2 }).await;
    stage.fail("web", "no good");
    stage.event_on("web", "no good").await;
    assert_eq!(leader.counts.failures(), 0);
    assert_eq!(stage.api.count("patch", "ingresses/status"), 2, "neither is tried again at once");
}

#[tokio::test]
async fn conflicts_and_outages_are_outlived() {
    let stage = Stage::with(&["web"]).await;
    stage.api.conflict_next(2);
    let leader = stage.leader("a");
    stage.of_ingress("web", address).await;
    assert_eq!(leader.counts.failures(), 2);

    stage.api.fail_next(3, StatusCode::SERVICE_UNAVAILABLE);
    stage.add("api");
    stage.of_ingress("api", address).await;

    stage.api.away();
    let failures = leader.counts.failures();
    stage.add("late");
    wait_until(LIMIT, || async { leader.counts.failures() > failures }).await;
    stage.api.back();
    stage.of_ingress("late", address).await;
}

#[tokio::test]
async fn a_leader_that_begins_in_an_outage_begins_after_it() {
    let stage = Stage::with(&["web"]).await;
    stage.api.fail_next(2, StatusCode::SERVICE_UNAVAILABLE);
    stage.leader("a");
    stage.of_ingress("web", address).await;
    assert_eq!(stage.api.count("list", "events"), 3);
}

#[tokio::test]
async fn a_missing_rule_stops_what_it_forbids_and_nothing_else() {
    let names: Vec<_> = (0..300).map(|n| format!("i{n:03}")).collect();
    let stage = Stage::with(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    stage.api.deny("patch", "ingresses/status");
    stage.api.deny("list", "events");
    let leader = stage.leader("a");
    wait_until(LIMIT, || async { leader.counts.failures() > 0 }).await;
    stage.fail("i000", "no good");
    stage.event_on("i000", "no good").await;
    stage.api.wait_for("AlbConfig", "", "edge-lb", id).await;
    let tried = stage.api.count("patch", "ingresses/status");
    assert!(tried <= super::PER_ROUND, "{tried} times in vain");
}

#[tokio::test]
async fn no_storm_when_a_thousand_fail_at_once() {
    let names: Vec<_> = (0..1000).map(|n| format!("i{n:03}")).collect();
    let stage = Stage::with(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let leader = stage.leader("a");
    wait_until(LIMIT, || async { leader.counts.statuses_written() > 0 }).await;
    let before = std::time::Instant::now();
    for name in &names {
        stage.fail(name, "no good");
    }
    wait_until(LIMIT, || async { leader.counts.events_written() >= 100 }).await;
    // Two a second beside the burst, and one for the second that has begun.
    let most = 100 + 2 * (before.elapsed().as_secs() + 1);
    let said = stage.events();
    assert!(said.len() as u64 <= most, "{} events", said.len());
    let sum = said.iter().find(|event| {
        event["involvedObject"]["name"] == "edge-lb"
            && event["message"].as_str().is_some_and(|text| text.starts_with("and 997 more"))
    });
    assert!(sum.is_some(), "the AlbConfig sums up");
}

#[tokio::test]
async fn what_others_wrote_into_a_status_stays() {
    let stage = Stage::with(&["web"]).await;
    let phase = json!({"loadBalancer": {"phase": "Active"}, "theirs": 1});
    stage.apply_status_as_another("edge-lb", &phase).await;
    stage.leader("a");
    stage.api.wait_for("AlbConfig", "", "edge-lb", id).await;
    let status =
        |stage: &Stage| stage.api.object("AlbConfig", "", "edge-lb").unwrap()["status"].clone();
    assert_eq!(
        (&status(&stage)["loadBalancer"]["phase"], &status(&stage)["theirs"]),
        (&json!("Active"), &json!(1))
    );

    stage.forget(&edge());
    let is_cleared =
        |object: &Value| object["status"]["loadBalancer"].get("id").is_none().then_some(());
    stage.api.wait_for("AlbConfig", "", "edge-lb", is_cleared).await;
    assert_eq!(status(&stage), phase);
}

#[tokio::test]
async fn an_ingress_that_left_is_cleared_and_then_left_alone() {
    let stage = Stage::with(&["web", "api"]).await;
    stage.leader("a");
    stage.of_ingress("web", address).await;
    stage.of_ingress("api", address).await;
    stage.forget(&ingress("web"));
    let is_cleared = |object: &Value| address(object).is_none().then_some(());
    stage.of_ingress("web", is_cleared).await;
    let writes = stage.api.count("patch", "ingresses/status");
    stage.add("new");
    stage.of_ingress("new", address).await;
    assert_eq!(stage.api.count("patch", "ingresses/status"), writes + 1);
}
