use report::LiveObject;
use serde_json::json;

use super::*;

fn gateway() -> ObjectRef {
    ObjectRef::namespaced("Service", "edge", "gateway")
}

fn live_with(status: Option<serde_json::Value>) -> Live {
    let service = LiveObject { uid: "1".into(), revision: 1, status: json!(null), is_ours: false };
    let objects = [(gateway(), Arc::new(service))].into();
    Live { objects, gateway: status.map(Arc::new) }
}

#[test]
fn a_service_without_address_is_named_with_both_cures() {
    let text = lack(&Publish::default(), &gateway(), &Live::default()).unwrap();
    assert!(text.starts_with("Service edge/gateway does not exist"), "{text}");
    assert!(text.contains("publishAddress") && text.contains("gatewayService"), "{text}");
    for status in [None, Some(json!({})), Some(json!({"ingress": []}))] {
        let text = lack(&Publish::default(), &gateway(), &live_with(status)).unwrap();
        assert!(text.starts_with("Service edge/gateway has no address"), "{text}");
    }
}

#[test]
fn nothing_is_lacking_where_an_address_is_known() {
    let status = json!({"ingress": [{"hostname": "edge.example"}]});
    assert_eq!(lack(&Publish::default(), &gateway(), &live_with(Some(status))), None);
    let publish = Publish { addresses: vec!["203.0.113.7".parse().unwrap()] };
    assert_eq!(lack(&publish, &gateway(), &Live::default()), None);
}
