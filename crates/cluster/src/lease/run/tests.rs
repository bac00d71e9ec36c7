//! Stories of two and three replicas, at a pace that is thirty times the usual one.

use testkit::{LIMIT, cluster::Cluster, wait_until};
use tokio::{task::JoinHandle, time::timeout};

use super::*;
use crate::{
    lease::WriteError,
    store::fixture::{NAMESPACE, client, clusters, in_process},
};

const PACE: Pace = Pace {
    lease: Duration::from_millis(900),
    renew_deadline: Duration::from_millis(600),
    retry: Duration::from_millis(100),
};

struct Replica {
    leadership: Leadership,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Replica {
    async fn on(cluster: &Cluster, name: &str) -> Self {
        let (leadership, election) = elect(client(cluster).await, NAMESPACE, name.into(), PACE);
        let stop = CancellationToken::new();
        let task = tokio::spawn(election.run(stop.clone()));
        Self { leadership, stop, task }
    }

    async fn won(&mut self) -> Term {
        timeout(LIMIT, self.leadership.won()).await.expect("it becomes the leader")
    }

    fn leads(&self) -> bool {
        self.leadership.current().is_some()
    }

    async fn sees(&self, what: impl Fn(&LeaseView) -> bool) -> LeaseView {
        let mut view = self.leadership.view();
        let seen = timeout(LIMIT, view.wait_for(|view| what(view))).await;
        seen.expect("in time").expect("the election runs").clone()
    }

    /// As if the process was killed: nothing is released.
    fn kill(&self) {
        self.task.abort();
    }
}

async fn holder(cluster: &Cluster) -> Option<String> {
    let lease = cluster.object("Lease", NAMESPACE, NAME).await?;
    lease["spec"]["holderIdentity"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn one_of_three_leads_and_when_it_goes_another_has_the_lease_at_once() {
    for cluster in clusters().await {
        let mut one = Replica::on(&cluster, "one").await;
        let term = one.won().await;
        let mut two = Replica::on(&cluster, "two").await;
        let three = Replica::on(&cluster, "three").await;
        two.sees(|view| view.holder.as_deref() == Some("one")).await;
        assert!(!two.leads() && !three.leads());

        three.stop.cancel();
        three.task.await.expect("a follower ends and releases nothing");
        assert_eq!(holder(&cluster).await.as_deref(), Some("one"));

        one.stop.cancel();
        one.task.await.expect("it ends");
        assert!(!term.is_current());
        let began = Instant::now();
        two.won().await;
        assert!(began.elapsed() < PACE.lease, "it was released, not left to run out");
        assert_eq!(holder(&cluster).await.as_deref(), Some("two"));
        let lease = cluster.object("Lease", NAMESPACE, NAME).await.expect("it is there");
        assert_eq!(lease["spec"]["leaseTransitions"], 2);
        two.stop.cancel();
        two.task.await.expect("it ends");
        assert_eq!(holder(&cluster).await, None);
    }
}

#[tokio::test]
async fn a_leader_that_is_killed_is_replaced_after_it_has_stopped_writing() {
    for cluster in clusters().await {
        let mut one = Replica::on(&cluster, "one").await;
        let former = one.won().await;
        let mut two = Replica::on(&cluster, "two").await;
        two.sees(|view| view.holder.is_some()).await;
        one.kill();
        // The call hangs in the network of a leader that is no more.
        let hanging =
            tokio::spawn(
                async move { former.write(std::future::pending::<kube::Result<()>>()).await },
            );
        two.won().await;
        assert!(hanging.is_finished(), "the former leader's call was cut off before");
        let outcome = hanging.await.expect("no panic");
        assert!(matches!(outcome, Err(WriteError::CutOff)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_leader_without_the_api_server_stops_writing_and_wins_again_when_it_is_back() {
    for mut cluster in clusters().await {
        let mut one = Replica::on(&cluster, "one").await;
        let term = one.won().await;
        cluster.away().await;
        timeout(LIMIT, term.ended().cancelled()).await.expect("it steps down");
        assert!(!one.leads());
        let view = one.sees(|view| view.trouble.is_some()).await;
        let trouble = view.trouble.expect("told");
        assert!(trouble.contains("Lease doorward-system/doorward"), "{trouble}");
        cluster.back().await;
        assert!(one.won().await != term, "a new term");
        one.sees(|view| view.trouble.is_none() && view.is_leader).await;
    }
}

#[tokio::test]
async fn a_slow_api_server_takes_no_lease_away() {
    let cluster = in_process().await;
    let mut one = Replica::on(&cluster, "one").await;
    let term = one.won().await;
    let Cluster::InProcess(server) = &cluster else { unreachable!() };
    server.slow(Duration::from_millis(100));
    server.forget_requests();
    wait_until(LIMIT, || async { server.count("update", "leases") > 5 }).await;
    assert!(term.is_current());
}

#[tokio::test]
async fn conflicts_and_edits_of_others_do_not_end_a_term() {
    let cluster = in_process().await;
    let mut one = Replica::on(&cluster, "one").await;
    let term = one.won().await;
    let Cluster::InProcess(server) = &cluster else { unreachable!() };
    server.conflict_next(2);
    let mut lease = cluster.object("Lease", NAMESPACE, NAME).await.expect("it is there");
    lease["metadata"]["annotations"] = serde_json::json!({"note": "by hand"});
    server.put(lease);
    server.forget_requests();
    wait_until(LIMIT, || async { server.count("update", "leases") > 5 }).await;
    assert!(term.is_current());
}

#[tokio::test]
async fn a_foreign_record_with_nonsense_is_outwaited() {
    for cluster in clusters().await {
        let foreign = serde_json::json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"namespace": NAMESPACE, "name": NAME},
            "spec": {
                "holderIdentity": "somebody", "leaseDurationSeconds": 2_147_483_647,
                "renewTime": "2999-01-01T00:00:00.000000Z",
            },
        });
        cluster.put(&foreign).await;
        let began = Instant::now();
        Replica::on(&cluster, "one").await.won().await;
        assert!(began.elapsed() >= PACE.lease, "it had its time");
    }
}

#[tokio::test]
async fn a_missing_right_is_told_with_its_rule() {
    let cluster = in_process().await;
    let Cluster::InProcess(server) = &cluster else { unreachable!() };
    server.deny("create", "leases");
    let mut one = Replica::on(&cluster, "one").await;
    let view = one.sees(|view| view.trouble.is_some()).await;
    let trouble = view.trouble.expect("told");
    let rule = r#"{apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"]}"#;
    assert!(trouble.contains(rule), "{trouble}");
    server.allow("create", "leases");
    one.won().await;
    one.sees(|view| view.trouble.is_none()).await;
}
