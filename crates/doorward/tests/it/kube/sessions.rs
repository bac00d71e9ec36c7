//! A client resumes its session on whichever replica it meets.

use testkit::{
    LIMIT,
    cluster::Cluster,
    manifest::tls_secret,
    pki::TestCa,
    tls::{ClientOptions, TlsClient, Versions},
    wait_for,
};

use super::{addresses, prepare, replicas, stories};
use crate::manifests::{CLASS, fixed};

stories! {
async fn a_session_is_resumed_on_the_other_replica(cluster: Cluster) {
    let ca = TestCa::new("root");
    prepare(&cluster).await;
    cluster.put_yaml(CLASS).await;
    cluster.put_yaml(&tls_secret("shop", "shop-tls", &ca.leaf(&["shop.test"]))).await;
    let tls = "{hosts: [shop.test], secretName: shop-tls}";
    cluster.put_yaml(&fixed("shop", "web", "shop.test", tls, "shop")).await;
    let fleet = replicas(&cluster, 2, "").await;
    let at = addresses(&fleet, "web", 443).await;

    for versions in [Versions::Tls12, Versions::Tls13] {
        // The keys come with the leader, which may take a moment.
        wait_for(LIMIT, || async {
            let client = TlsClient::new(ClientOptions { versions, ..ClientOptions::default() });
            let first = client.get(at[0], "shop.test", "/").await.ok()?;
            assert_eq!(first.text(), "shop");
            let there = client.handshake(at[1], Some("shop.test")).await.ok()?;
            there.resumed.then_some(())
        })
        .await;
    }
}
}
