use std::sync::Arc;

use issue::OrderStage;
use model::CertificateId;
use prometheus_client::encoding::text::encode;

use super::*;

fn order(id: &str, asked: Option<&str>, stage: OrderStage, expires: Option<i64>) -> Order {
    Order {
        id: CertificateId::store(id),
        names: vec![],
        issuer: "ca".into(),
        asked: asked.map(Into::into),
        state: OrderState::Pending,
        stage,
        message: String::new(),
        updated: Timestamp::UNIX_EPOCH,
        failures: 0,
        next_attempt: None,
        expires: expires.map(|second| Timestamp::from_second(second).unwrap()),
        renewal_window: None,
        budget: None,
    }
}

#[test]
fn orders_are_counted_by_who_is_asked_and_how_far_they_are() {
    let orders = vec![
        order("a/a", None, OrderStage::Served, Some(2_000)),
        order("b/b", None, OrderStage::Served, Some(1_000)),
        order("c/c", Some("backup"), OrderStage::Budget, None),
    ];
    let (_sender, orders) = watch::channel(Arc::new(orders));
    let mut registry = Registry::default();
    OrderMetrics::register(&mut registry, orders);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    for line in [
        r#"doorward_orders{state="pending"} 3"#,
        r#"doorward_issuer_orders{issuer="ca",stage="served"} 2"#,
        r#"doorward_issuer_orders{issuer="backup",stage="budget"} 1"#,
        r#"doorward_issuer_expiry_timestamp_seconds{issuer="ca"} 1000"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}
