use serde_json::json;

use super::*;
use crate::{
    lease::fixture::Ballot,
    store::fixture::{NAMESPACE, client, clusters, in_process},
};

fn pair(key: &str) -> RootPair {
    RootPair { certificate_pem: format!("root of {key}"), key_pem: Zeroizing::new(key.into()) }
}

#[tokio::test]
async fn two_replicas_that_make_a_root_at_once_end_with_one() {
    for cluster in clusters().await {
        let (ballot, _leadership) = Ballot::open();
        let term = ballot.win();
        let one = RootSecret::new(client(&cluster).await, NAMESPACE);
        let two = RootSecret::new(client(&cluster).await, NAMESPACE);
        assert!(one.load().await.expect("reads").is_none());

        // Both have seen none, and each has made its own.
        let (first, second) = tokio::join!(
            one.load_or_make::<RootError>(&term, || Ok(pair("one"))),
            two.load_or_make::<RootError>(&term, || Ok(pair("two"))),
        );
        let (first, second) = (first.expect("a root"), second.expect("a root"));
        assert_eq!(first.key_pem, second.key_pem);
        assert_eq!(first.certificate_pem, second.certificate_pem);

        let stored = one.load().await.expect("reads").expect("it is there");
        assert_eq!(stored.key_pem, first.key_pem);
        let secret = cluster.object("Secret", NAMESPACE, NAME).await.expect("it is there");
        assert_eq!(secret["type"], "doorward.dev/local-ca");
    }
}

#[tokio::test]
async fn a_root_that_was_made_meanwhile_is_read() {
    let cluster = in_process().await;
    let (ballot, _leadership) = Ballot::open();
    let term = ballot.win();
    let root = RootSecret::new(client(&cluster).await, NAMESPACE);
    root.create(&term, &pair("theirs")).await.expect("creates");
    let error = root.create(&term, &pair("ours")).await.expect_err("there is one");
    assert!(error.is_already_exists(), "{error}");
    let used = root.load_or_make::<RootError>(&term, || Ok(pair("ours"))).await.expect("a root");
    assert_eq!(*used.key_pem, "theirs");
}

#[tokio::test]
async fn a_broken_root_is_neither_used_nor_replaced() {
    let cluster = in_process().await;
    let broken = json!({
        "apiVersion": "v1", "kind": "Secret", "type": TYPE,
        "metadata": {"namespace": NAMESPACE, "name": NAME}, "data": {"tls.crt": "cm9vdA=="},
    });
    cluster.put(&broken).await;
    let (ballot, _leadership) = Ballot::open();
    let term = ballot.win();
    let root = RootSecret::new(client(&cluster).await, NAMESPACE);
    let made = || panic!("a new root would not be trusted");
    let error = root.load_or_make::<RootError>(&term, made).await.expect_err("it is broken");
    let text = error.to_string();
    assert!(text.contains("tls.key") && text.contains("delete the Secret"), "{text}");
}

#[test]
fn a_pair_shows_no_key() {
    let shown = format!("{:?}", pair("secret"));
    assert!(!shown.replace("root of secret", "").contains("secret"), "{shown}");
}
