//! What an order leaves in ACM goes only after no listener has it.

use std::sync::Arc;

use issue::{Fault, Issuer};

use super::*;
use crate::{acm, fixture, inventory::Inventory, route53::Route53};

#[tokio::test]
async fn a_certificate_that_was_replaced_is_deleted_once_no_listener_has_it() {
    let aws = FakeAws::start().await;
    aws.zone("shop.test");
    let account = account(&aws, 1);
    let settings = acm::Settings {
        cluster: "west".into(),
        cluster_uid: "uid".into(),
        authority: None,
        tags: Vec::new(),
        records: acm::RecordPolicy::Keep,
    };
    let issuer = acm::AcmIssuer::new(
        &account,
        Arc::new(Inventory::new(&account)),
        Arc::new(Route53::new(&account, Vec::new())),
        settings,
        aws.clock(),
    );
    let theirs = named(&aws, &["theirs.test"]);
    let mut scene = Scene::of(&aws, aws.listener(theirs[0].arn.as_str()));

    let (old, new) =
        (fixture::order(&["a.shop.test"], 1), fixture::order(&["a.shop.test", "b.shop.test"], 2));
    let mut wished = Vec::new();
    for order in [&old, &new] {
        let issued = fixture::run(&aws, &issuer, order).await.unwrap();
        let certificate = fixture::read(&issued);
        let facts = Facts { names: certificate.names.clone(), not_after: certificate.not_after };
        let arn = arn(issued.issued_as.as_deref().unwrap());
        wished = vec![Wished { arn, facts: Some(facts) }];
        if order.serial == 1 {
            scene.settle(&wished, |_| ()).await;
        }
    }
    let kept = issuer.retire(&old, &Default::default()).await.unwrap_err();
    assert_eq!(kept.fault, Fault::Passing);
    assert!(kept.message.contains("still in use by"), "{kept}");
    assert_eq!(aws.count("DeleteCertificate"), 0);

    scene.settle(&wished, |_| ()).await;
    assert_eq!(aws.attached(&scene.listener), [wished[0].arn.as_str()]);
    // AWS notices late.
    aws.pass(Duration::from_secs(5 * 60));
    issuer.retire(&old, &Default::default()).await.unwrap();
    assert_eq!(aws.count("DeleteCertificate"), 1);
}
