use super::*;
use crate::fixture::{certificate, list, unusable};

#[test]
fn only_keys_nobody_tried_are_named_as_new() {
    let mut pool = KeyPool::default();
    let (one, other) = (certificate("one.test"), certificate("other.test"));
    let (first, new) = Certificates::new(&list(&[("a", &one)]), Holder::Listener, &mut pool);
    assert_eq!(new, [one.fingerprint]);
    let (_, new) =
        Certificates::new(&list(&[("a", &one), ("b", &other)]), Holder::Listener, &mut pool);
    assert_eq!(new, [other.fingerprint]);
    drop(first);
}

#[test]
fn a_broken_key_is_tried_again_with_each_new_table() {
    let mut pool = KeyPool::default();
    let bad = unusable("shop.test");
    let (table, _) = Certificates::new(&list(&[("a", &bad)]), Holder::Listener, &mut pool);
    assert!(table.try_key(&bad.fingerprint).is_err());
    let (_, new) = Certificates::new(&list(&[("a", &bad)]), Holder::Listener, &mut pool);
    assert_eq!(new, [bad.fingerprint]);
}

#[test]
fn the_default_does_not_make_a_name_known() {
    let shop = certificate("*.shop.test");
    let (table, _) =
        Certificates::new(&list(&[("a", &shop)]), Holder::Listener, &mut KeyPool::default());
    assert!(table.knows("www.shop.test"));
    assert!(!table.knows("other.test"));
}
