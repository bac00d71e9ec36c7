//! Replicas that come and go: all serve the same, one writes.

use std::time::Duration;

use testkit::{LIMIT, cluster::Cluster, manifest::tls_secret, pki::TestCa, wait_for};

use super::{addresses, leader, prepare, replicas, stories};
use crate::{
    certificates::{Load, shown},
    manifests::{CLASS, fixed},
};

/// Each costs the time after which the others may take the lease over.
const KILLS: usize = 3;

stories! {
/// Three replicas under load; as soon as there is a leader it is killed, and started again, while
/// the certificate changes. No handshake fails on those that live.
async fn the_leader_is_killed_again_and_again_and_nobody_notices(cluster: Cluster) {
    let ca = TestCa::new("root");
    prepare(&cluster).await;
    let first = ca.leaf(&["shop.test"]);
    cluster.put_yaml(CLASS).await;
    cluster.put_yaml(&tls_secret("shop", "shop-tls", &first)).await;
    let tls = "{hosts: [shop.test], secretName: shop-tls}";
    cluster.put_yaml(&fixed("shop", "web", "shop.test", tls, "shop")).await;
    let mut fleet = replicas(&cluster, 3, "").await;

    for kill in 0..KILLS {
        let leading = leader(&fleet).await;
        let survivors: Vec<usize> = (0..fleet.len()).filter(|place| *place != leading).collect();
        let at = addresses(&fleet, "web", 443).await;
        let loads: Vec<_> =
            survivors.iter().map(|place| Load::start(at[*place], "shop.test", &ca)).collect();

        fleet[leading].kill();
        let pair = ca.leaf(&["shop.test"]);
        cluster.put_yaml(&tls_secret("shop", "shop-tls", &pair)).await;
        for place in &survivors {
            shown(at[*place], "shop.test", &pair).await;
        }
        // Somebody else takes the lease over, and says what is true.
        let name = format!("late-{kill}");
        cluster.put_yaml(&fixed("shop", &name, "shop.test", tls, "late")).await;
        let address = cluster
            .wait_for("Ingress", "shop", &name, |ingress| {
                Some(ingress["status"]["loadBalancer"]["ingress"][0]["ip"].as_str()?.to_owned())
            })
            .await;
        assert_eq!(address, "203.0.113.7");

        fleet[leading].restart().await;
        let back = fleet[leading].address("web", 443).await;
        shown(back, "shop.test", &pair).await;
        for load in loads {
            load.goes_on(5).await;
            assert_eq!(load.failures().await, [""; 0]);
        }
    }
}

/// A leader that is asked to stop gives the lease away at once.
async fn a_leader_that_stops_hands_over_without_a_wait(cluster: Cluster) {
    prepare(&cluster).await;
    let mut fleet = replicas(&cluster, 2, "").await;
    let leading = leader(&fleet).await;
    fleet[leading].terminate();
    fleet[leading].ended(LIMIT).await;
    let other = 1 - leading;
    let soon = Duration::from_secs(8);
    wait_for(soon, || async { (fleet[other].metric("doorward_leader").await == 1.0).then_some(()) })
        .await;
}
}
