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
use crate::fixture::Secrets;

const COUNT: usize = 1_000;

/// On a machine that compiles beside it.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_secrets_arrive_and_rotate() {
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
    let way = Discovery::AggregatedDelta;
    let bootstrap = Bootstrap::new(way, Server::Unix(server.socket()), hosts);
    let begun = Instant::now();
    let Some(envoy) = Envoy::start(&bootstrap.text()).await else { return };
    let acked = |count: f64, server: &Started| {
        server.metric("doorward_sds_pushes_total{result=\"acked\"}") >= count
    };
    wait_until(PATIENCE, || async { acked(COUNT as f64, &server) }).await;
    eprintln!("{COUNT} secrets: all acknowledged {:?} after Envoy's start", begun.elapsed());
    let address = envoy.listener("https").await;

    let before = server.metric("doorward_sds_pushes_total{result=\"acked\"}");
    let mut next = server.secrets.clone();
    fill(&mut next);
    let begun = Instant::now();
    server.change(|secrets| *secrets = next);
    wait_until(PATIENCE, || async { acked(before + COUNT as f64, &server) }).await;
    eprintln!("{COUNT} secrets: all rotated and acknowledged in {:?}", begun.elapsed());
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
    assert_eq!((client.secrets.len(), client.streams), (COUNT, 1));
}
