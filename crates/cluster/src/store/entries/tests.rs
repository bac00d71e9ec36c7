use super::*;
use crate::{
    lease::fixture::Ballot,
    store::fixture::{NAMESPACE, client, clusters, in_process},
};

#[tokio::test]
async fn entries_come_and_go_one_by_one() {
    for cluster in clusters().await {
        let (ballot, leadership) = Ballot::open();
        ballot.win();
        let entries = SecretEntries::new(client(&cluster).await, NAMESPACE, leadership);
        let text = async |key| entries.load("acme", key).await.expect("reads");
        assert_eq!(text("a").await, None, "there is no such Secret yet");
        entries.remove("acme", "a").await.expect("nothing to remove");
        entries.save("acme", "a", "one").await.expect("makes the Secret");
        entries.save("acme", "b", "two").await.expect("adds to it");
        entries.save("acme", "b", "three").await.expect("replaces");
        entries.remove("acme", "a").await.expect("removes");
        entries.remove("acme", "a").await.expect("nothing to remove");
        assert_eq!(text("a").await, None);
        assert_eq!(text("b").await.as_deref().map(String::as_str), Some("three"));
        let labels = cluster.object("Secret", NAMESPACE, "acme").await.expect("there");
        assert_eq!(labels["metadata"]["labels"]["app.kubernetes.io/managed-by"], "doorward");
    }
}

#[tokio::test]
async fn who_does_not_lead_writes_nothing() {
    let cluster = in_process().await;
    let (_ballot, leadership) = Ballot::open();
    let entries = SecretEntries::new(client(&cluster).await, NAMESPACE, leadership);
    let told = entries.save("acme", "a", "one").await.expect_err("refused").to_string();
    assert!(told.contains("not the leader"), "{told}");
    assert!(cluster.object("Secret", NAMESPACE, "acme").await.is_none());
}
