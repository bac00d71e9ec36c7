//! The same calls against moto, which others wrote from AWS's documentation. It looks into no
//! zone, gives every name the same record, and its chains do not verify: whole orders are left to
//! the fake.

use aws_sdk_acm::types::CertificateStatus;
use testkit::{LIMIT, moto::Moto, wait_for};

use super::*;
use crate::{fixture::account_at, inventory::Listed};

#[tokio::test]
async fn a_certificate_is_requested_listed_tagged_exported_and_deleted() {
    let Some(moto) = Moto::start().await else { return };
    let account = account_at(moto.url(), 1);
    let (api, inventory) = (Api::new(&account), Inventory::new(&account));
    let (order, settings) = (order(&["*.shop.test", "shop.test"], 1), settings(None));
    let spec = Spec::of(&order, &settings).unwrap();
    let token = spec.token(&order, &settings);
    let arn = api.request(&spec, &token, spec.tags(&order, &settings)).await.unwrap();
    let again = api.request(&spec, &token, spec.tags(&order, &settings)).await.unwrap();
    assert_eq!(arn, again, "the token is the same");

    let listed = wait_for(LIMIT, || async {
        inventory.forget().await;
        let listed = inventory.list().await.unwrap().to_vec();
        listed.into_iter().find(|one: &Listed| one.status == CertificateStatus::Issued)
    })
    .await;
    assert_eq!(listed.arn, arn);
    api.tag(&arn, spec::order_tag(2)).await.unwrap();
    let tags = inventory.tags(&arn).await.unwrap().unwrap();
    assert_eq!(instance::order_of(&tags), Some(2));
    assert!(spec::is_own(&tags, &order, &settings) && spec.is_meant_by(&tags));

    let seen = api.describe(&arn).await.unwrap().unwrap();
    let seen::Records::Known(records) = seen.records else { panic!("{seen:?}") };
    assert!(records.iter().any(|record| record.name.ends_with(".shop.test")), "{records:?}");
    assert!(seen.in_use_by.is_empty() && seen.not_after.is_some());
    let exported = api.export(&arn).await.unwrap();
    assert!(export::decrypt(&exported.encrypted_key_pem, &exported.passphrase).is_ok());

    api.delete(&arn).await.unwrap();
    api.delete(&arn).await.unwrap();
    assert_eq!(inventory.tags(&arn).await.unwrap(), None);
}
