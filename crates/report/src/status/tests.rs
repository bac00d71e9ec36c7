//! Which statuses are due.

use std::sync::Arc;

use model::{BindingStatus, Protocol, Reason, Verdict};
use serde_json::{Value, json};

use crate::{
    Publish,
    fixture::{Cluster, binding, edge, ingress},
    statuses,
};

const NOBODY: [&str; 0] = [];
const IP: &[&str] = &["203.0.113.7"];

fn shop() -> Cluster {
    Cluster::edge(&[(80, Protocol::Http), (443, Protocol::Https)], &["web"])
}

/// What stands in the AlbConfig's status afterwards.
fn edge_status(cluster: &Cluster, addresses: &[&str]) -> Value {
    let mut cluster = cluster.clone();
    cluster.write_statuses(addresses);
    cluster.live.objects[&edge()].status.clone()
}

#[test]
fn an_ingress_tells_the_address() {
    let cases: [(&[&str], &str); 3] = [
        (IP, r#"[{"ip":"203.0.113.7"}]"#),
        (&["edge.example"], r#"[{"hostname":"edge.example"}]"#),
        (&["203.0.113.7", "2001:db8::7"], r#"[{"ip":"203.0.113.7"},{"ip":"2001:db8::7"}]"#),
    ];
    for (addresses, expected) in cases {
        let found = shop().statuses(addresses);
        let expected = format!(r#"Ingress shop/web {{"loadBalancer":{{"ingress":{expected}}}}}"#);
        assert_eq!(found[1], expected);
    }
}

#[test]
fn the_status_of_istios_objects_is_istios() {
    let mut cluster = shop();
    for kind in ["Gateway", "VirtualService"] {
        let object = model::ObjectRef::namespaced(kind, "shop", "web");
        cluster.put(object.clone(), 1);
        cluster.set_live(&object, |live| live.is_ours = true);
        let accepted = Verdict::accepted(object.clone());
        cluster.verdicts.push(accepted.in_dialect(model::Dialect::Istio));
        let balancer = &mut cluster.model.load_balancers[0];
        balancer.members = [&balancer.members[..], &[object]].concat().into();
    }
    let written = cluster.statuses(IP);
    assert!(
        written.iter().all(|line| !line.contains("Gateway") && !line.contains("Virtual")),
        "{written:?}"
    );
}

#[test]
fn an_issuer_has_no_status() {
    let mut cluster = shop();
    let issuer = model::ObjectRef::cluster("Issuer", "ours");
    cluster.put(issuer.clone(), 1);
    cluster.set_live(&issuer, |live| live.is_ours = true);
    cluster.verdicts.push(Verdict::accepted(issuer));
    let written = cluster.statuses(IP);
    assert!(written.iter().all(|line| !line.contains("Issuer")), "{written:?}");
}

#[test]
fn nothing_is_written_twice() {
    for addresses in [IP, &["edge.example", "203.0.113.7"]] {
        let mut cluster = shop();
        cluster.bind(443, vec![binding("756", true, BindingStatus::Associated, true)]);
        assert_eq!(cluster.statuses(addresses).len(), 2);
        cluster.write_statuses(addresses);
        assert_eq!(cluster.statuses(addresses), NOBODY);
    }
}

#[test]
fn what_others_put_beside_it_is_no_difference() {
    let mut cluster = shop();
    cluster.write_statuses(IP);
    cluster.set_live(&ingress("web"), |live| {
        live.status["loadBalancer"]["ingress"][0]["ipMode"] = json!("VIP");
        live.status["conditions"] = json!([]);
    });
    cluster.set_live(&edge(), |live| live.status["loadBalancer"]["phase"] = json!("Active"));
    assert_eq!(cluster.statuses(IP), NOBODY);
}

#[test]
fn without_publish_address_the_gateway_service_tells() {
    let mut cluster = Cluster::edge(&[(80, Protocol::Http)], &["web"]);
    let of = |cluster: &Cluster| cluster.statuses(&[]);
    assert_eq!(of(&cluster), [r#"AlbConfig edge-lb {"loadBalancer":{"id":"edge-lb"}}"#]);
    let entries = json!({"ingress": [{"ip": "198.51.100.4", "ipMode": "VIP"}, {"ip": ""}]});
    cluster.live.gateway = Some(Arc::new(entries));
    assert_eq!(
        of(&cluster),
        [
            r#"AlbConfig edge-lb {"loadBalancer":{"dnsname":"198.51.100.4","id":"edge-lb"}}"#,
            r#"Ingress shop/web {"loadBalancer":{"ingress":[{"ip":"198.51.100.4"}]}}"#,
        ]
    );
}

#[test]
fn an_address_that_is_unknown_for_a_moment_stays_told() {
    let mut cluster = shop();
    cluster.write_statuses(IP);
    assert_eq!(cluster.statuses(&[]), NOBODY);
    cluster.bind(443, vec![binding("756", true, BindingStatus::Associated, true)]);
    assert_eq!(edge_status(&cluster, &[])["loadBalancer"]["dnsname"], "203.0.113.7");
}

#[test]
fn an_alb_config_tells_its_https_listeners_and_what_they_serve() {
    let mut cluster = Cluster::edge(
        &[
            (80, Protocol::Http),
            (443, Protocol::Https),
            (443, Protocol::Quic),
            (8443, Protocol::Https),
        ],
        &["web"],
    );
    cluster.bind(
        443,
        vec![
            binding("1000-cn-hangzhou", false, BindingStatus::Associated, true),
            binding("756-cn-hangzhou", true, BindingStatus::Expired, true),
            binding("shop/ordered", false, BindingStatus::Pending, false),
            binding("shop/last-good", false, BindingStatus::Rejected, true),
            binding("shop/bad", false, BindingStatus::Rejected, false),
        ],
    );
    let expected = r#"{
  "loadBalancer": {
    "dnsname": "edge.example",
    "id": "edge-lb",
    "listeners": [
      {
        "certificates": [
          {
            "certificateId": "1000-cn-hangzhou"
          },
          {
            "certificateId": "756-cn-hangzhou",
            "isDefault": true
          },
          {
            "certificateId": "shop/last-good"
          }
        ],
        "portAndProtocol": "443/HTTPS"
      },
      {
        "certificates": [],
        "portAndProtocol": "8443/HTTPS"
      }
    ]
  }
}"#;
    let found = edge_status(&cluster, &["203.0.113.7", "edge.example"]);
    assert_eq!(serde_json::to_string_pretty(&found).unwrap(), expected);
}

#[test]
fn a_default_chosen_by_hand_is_written_back() {
    let mut cluster = shop();
    let bind = |cluster: &mut Cluster, default: &str| {
        let bindings =
            ["1000", "756"].map(|id| binding(id, id == default, BindingStatus::Associated, true));
        cluster.bind(443, bindings.into());
    };
    bind(&mut cluster, "1000");
    cluster.write_statuses(IP);
    bind(&mut cluster, "756");
    assert_eq!(cluster.statuses(IP).len(), 1);
    let certificates = &edge_status(&cluster, IP)["loadBalancer"]["listeners"][0]["certificates"];
    assert_eq!(
        *certificates,
        json!([{"certificateId": "1000"}, {"certificateId": "756", "isDefault": true}])
    );
}

#[test]
fn a_listener_that_does_not_listen_is_not_told_of() {
    let mut cluster = shop();
    cluster.write_statuses(IP);
    cluster.trouble(443, "another process has the port", false);
    assert_eq!(edge_status(&cluster, IP)["loadBalancer"].get("listeners"), None);
    cluster.trouble(443, "no good settings", true);
    assert_eq!(cluster.statuses(IP), NOBODY, "it still serves what it had before");
}

#[test]
fn nobody_claims_an_address_where_nothing_listens() {
    let mut cluster = shop();
    cluster.write_statuses(IP);
    cluster.trouble(80, "another process has the port", false);
    assert!(!cluster.statuses(IP).iter().any(|due| due.starts_with("Ingress")));
    cluster.trouble(443, "another process has the port", false);
    assert!(cluster.statuses(IP).contains(&"Ingress shop/web {}".to_owned()));
}

#[test]
fn a_rejected_object_keeps_the_address_while_a_part_of_it_is_served() {
    let mut cluster = shop();
    let missing = Verdict::rejected(ingress("web"), Reason::SecretNotFound, "no such Secret");
    cluster.say(missing);
    cluster.write_statuses(IP);
    assert!(cluster.live.objects[&ingress("web")].is_ours);
    cluster.refuse(&ingress("web"));
    assert_eq!(cluster.statuses(IP), ["Ingress shop/web {}"]);
    cluster.write_statuses(IP);
    assert_eq!(cluster.statuses(IP), NOBODY, "taken away once");
}

#[test]
fn an_object_that_left_loses_what_we_wrote_and_nothing_else() {
    let mut cluster = Cluster::default();
    cluster.put(ingress("left"), 1);
    cluster.put(ingress("foreign"), 1);
    cluster.set_live(&ingress("left"), |live| live.is_ours = true);
    cluster.set_live(&ingress("foreign"), |live| {
        live.status = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
    });
    assert_eq!(cluster.statuses(IP), ["Ingress shop/left {}"]);
}

#[test]
fn a_load_balancer_that_another_doorward_serves_is_left_alone() {
    let mut cluster = shop();
    cluster.write_statuses(IP);
    cluster.model.load_balancers.clear();
    assert_eq!(cluster.statuses(IP), NOBODY);
}

#[test]
fn a_refused_alb_config_without_listeners_tells_nothing() {
    let mut cluster = Cluster::edge(&[], &[]);
    cluster.write_statuses(IP);
    cluster.refuse(&edge());
    assert_eq!(cluster.statuses(IP), ["AlbConfig edge-lb {}"]);
}

#[test]
fn a_service_that_declares_its_load_balancer_tells_the_address() {
    let mut cluster = shop();
    let service = model::ObjectRef::namespaced("Service", "web", "front");
    cluster.model.load_balancers[0].declared_by = service.clone();
    cluster.put(service.clone(), 1);
    cluster.say(Verdict::accepted(service));
    assert!(cluster.statuses(IP).contains(
        &r#"Service web/front {"loadBalancer":{"ingress":[{"ip":"203.0.113.7"}]}}"#.to_owned()
    ));
}

#[test]
fn an_empty_cluster_has_nothing_to_say() {
    assert_eq!(statuses(&Cluster::default().situation(), &Publish::default()), []);
}
