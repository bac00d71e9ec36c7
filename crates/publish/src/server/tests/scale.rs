//! A thousand secrets for one Envoy: all arrive, and all rotate.

use std::time::{Duration, Instant};

use testkit::{
    LIMIT,
    envoy::{Bootstrap, Discovery, Envoy, Host, Server},
    pki::TestCa,
    tls::TlsClient,
    wait_until,
};

use super::Started;
use crate::{
    catalogue::Catalogue,
    fixture::{Secrets, leaf, reach},
    server::now,
    session::{Flavour, Session},
    wire::DeltaDiscoveryRequest,
};

const COUNT: usize = 1_000;

/// On a machine that compiles beside it.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_secrets_arrive_and_rotate() {
    arrive_and_rotate(Discovery::AggregatedDelta, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_secrets_arrive_and_rotate_in_state_of_the_world() {
    arrive_and_rotate(Discovery::AggregatedStateOfTheWorld, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_secrets_arrive_and_rotate_on_a_stream_each() {
    arrive_and_rotate(Discovery::Delta, COUNT).await;
}

async fn arrive_and_rotate(way: Discovery, streams: usize) {
    let ca = TestCa::new("root");
    let host = |number: usize| format!("h{number}.test");
    let fill = |secrets: &mut Secrets| {
        for number in 0..COUNT {
            secrets.put(&format!("s{number}"), &ca.leaf(&[&host(number)]));
        }
    };
    let mut secrets = Secrets::default();
    fill(&mut secrets);
    let mut server = Started::new(secrets);
    let hosts = (0..COUNT)
        .map(|number| Host::new(&host(number), &format!("kubernetes://s{number}")))
        .collect();
    let bootstrap = Bootstrap::new(way, Server::Unix(server.socket()), hosts);
    let begun = Instant::now();
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    let acked = |count: f64, server: &Started| {
        server.metric("doorward_sds_pushes_total{result=\"acked\"}") >= count
    };
    wait_until(PATIENCE, || async { acked(COUNT as f64, &server) }).await;
    eprintln!(
        "{way:?}: {COUNT} secrets: all acknowledged {:?} after Envoy's start",
        begun.elapsed()
    );
    let address = envoy.listener("https").await;

    let before = server.metric("doorward_sds_pushes_total{result=\"acked\"}");
    let mut next = server.secrets.clone();
    fill(&mut next);
    let begun = Instant::now();
    server.change(|secrets| *secrets = next);
    wait_until(PATIENCE, || async { acked(before + COUNT as f64, &server) }).await;
    eprintln!("{way:?}: {COUNT} secrets: all rotated and acknowledged in {:?}", begun.elapsed());
    let newest: Vec<_> = server.secrets.world.secrets.values().cloned().collect();
    wait_until(LIMIT, || async {
        let last = host(COUNT - 1);
        let seen = TlsClient::unchecked().handshake(address, Some(&last)).await;
        seen.is_ok_and(|facts| {
            newest
                .iter()
                .any(|secret| secret.body.pair.as_ref().is_ok_and(|pair| pair.leaf == facts.leaf))
        })
    })
    .await;
    let client = server.client().await;
    assert_eq!((client.secrets.len(), client.streams), (COUNT, streams));
}

/// Prints; nothing here is held to a time.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "figures, for `cargo test -p publish figures -- --ignored --nocapture`"]
async fn figures_of_one_secret() {
    let mut secrets = Secrets::default();
    secrets.put("a", &leaf("a.test"));
    let mut server = Started::new(secrets);
    let hosts = vec![Host::new("a.test", "kubernetes://a")];
    let way = Discovery::AggregatedDelta;
    let bootstrap = Bootstrap::new(way, Server::Unix(server.socket()), hosts);
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    let address = envoy.listener("https").await;
    let acked = "doorward_sds_pushes_total{result=\"acked\"}";
    let (mut to_ack, mut to_served) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let pair = leaf("a.test");
        let before = server.metric(acked);
        let begun = Instant::now();
        server.change(|secrets| {
            secrets.put("a", &pair);
        });
        while server.metric(acked) <= before {
            tokio::task::yield_now().await;
        }
        to_ack.push(begun.elapsed());
        loop {
            let seen = TlsClient::unchecked().handshake(address, Some("a.test")).await;
            if seen.is_ok_and(|facts| facts.leaf == pair.der()) {
                break;
            }
        }
        to_served.push(begun.elapsed());
    }
    to_ack.sort();
    to_served.sort();
    eprintln!("World to acknowledged: median {:?}, worst {:?}", to_ack[25], to_ack[49]);
    eprintln!("World to served: median {:?}, worst {:?}", to_served[25], to_served[49]);
}

#[test]
#[ignore = "figures, for `cargo test -p publish figures -- --ignored --nocapture`"]
fn figures_of_memory() {
    const SUBSCRIPTIONS: usize = 100_000;
    let resident = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    let names = (0..SUBSCRIPTIONS).map(|number| format!("kubernetes://credential-{number}"));
    let request = DeltaDiscoveryRequest {
        resource_names_subscribe: names.collect(),
        ..DeltaDiscoveryRequest::default()
    };
    let before = resident();
    let mut session = Session::new(Flavour::Delta, reach(), SUBSCRIPTIONS, 1);
    session.asked_delta(&request, now()).unwrap();
    while let Some(push) = session.next(&Catalogue::default(), now()) {
        let answer = DeltaDiscoveryRequest {
            response_nonce: push.nonce.to_string(),
            ..DeltaDiscoveryRequest::default()
        };
        session.asked_delta(&answer, now()).unwrap();
    }
    let bytes = (resident() - before) / SUBSCRIPTIONS;
    eprintln!("{bytes} bytes for each subscription of a stream, its name among them");
}
