use super::*;
use crate::fixture::{certificate, unusable};

#[test]
fn a_key_is_made_once_and_shared() {
    let (mut pool, shop) = (KeyPool::default(), certificate("shop.test"));
    let (first, is_new) = pool.key_of(&shop);
    let (second, is_new_again) = pool.key_of(&shop);
    assert!(is_new && !is_new_again);
    assert!(Arc::ptr_eq(&first, &second));
    assert!(Arc::ptr_eq(first.load().unwrap(), second.load().unwrap()));
}

#[test]
fn a_key_is_broken_only_once_it_was_tried() {
    let (key, _) = KeyPool::default().key_of(&unusable("shop.test"));
    assert!(!key.is_broken());
    let reason = key.load().unwrap_err();
    assert!(reason.contains("cannot sign"), "{reason}");
    assert!(key.is_broken());
}

/// The same leaf and key.
fn with(shop: &Certificate, issuers: &[&Certificate], staple: Option<&[u8]>) -> Arc<Certificate> {
    Arc::new(Certificate {
        issuers: issuers.iter().map(|issuer| issuer.leaf.clone()).collect(),
        ocsp_staple: staple.map(Into::into),
        key: model::PrivateKey::new(shop.key.expose().clone_key()),
        names: shop.names.clone(),
        subject: shop.subject.clone(),
        issuer: shop.issuer.clone(),
        serial: shop.serial.clone(),
        leaf: shop.leaf.clone(),
        ..*shop
    })
}

#[test]
fn the_same_leaf_under_another_chain_is_another_certificate() {
    let shop = certificate("shop.test");
    let rechained = with(&shop, &[&certificate("issuer")], None);
    let mut pool = KeyPool::default();
    let (before, _) = pool.key_of(&shop);
    let (after, is_new) = pool.key_of(&rechained);
    assert!(is_new);
    assert_eq!(before.load().unwrap().cert.len(), 1);
    assert_eq!(after.load().unwrap().cert.len(), 2);
}

#[test]
fn each_table_staples_what_its_own_certificate_holds() {
    let shop = certificate("shop.test");
    let mut pool = KeyPool::default();
    let keys = [None, Some(&b"good"[..]), Some(&b"newer"[..]), None]
        .map(|staple| (staple, pool.key_of(&with(&shop, &[], staple)).0));
    for (staple, key) in keys {
        assert_eq!(key.load().unwrap().ocsp.as_deref(), staple);
    }
}

#[test]
fn keys_without_a_table_are_forgotten() {
    let (mut pool, shop) = (KeyPool::default(), certificate("shop.test"));
    let (held, _) = pool.key_of(&shop);
    pool.forget_unused();
    assert!(!pool.key_of(&shop).1, "a table holds it");
    drop(held);
    pool.forget_unused();
    assert!(pool.key_of(&shop).1);
}
