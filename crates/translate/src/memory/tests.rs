use super::*;
use crate::tests::Facts;

#[test]
fn what_is_adopted_needs_no_saving_and_is_at_hand_when_its_object_turns_bad() {
    let [held, bound] = ["held", "bound"]
        .map(|content| Facts { content: Some(content.into()), ..Facts::default() }.certificate());
    let id = CertificateId::store;
    let listener: ListenerKey = "edge-lb:443".parse().unwrap();
    let kept = Memory {
        defaults: BTreeMap::from([(listener.clone(), id("held"))]),
        held_over: BTreeMap::from([(id("held"), held.clone())]),
        lists: BTreeMap::from([(listener.clone(), FixedCertificates::default())]),
        elb: BTreeMap::from([(
            ObjectRef::namespaced("Service", "shop", "web"),
            ElbPast::default(),
        )]),
        ..Memory::default()
    };
    let mut memory = Memory {
        defaults: BTreeMap::from([(listener, id("bound"))]),
        bound: BTreeMap::from([(id("bound"), bound.clone())]),
        ..Memory::default()
    };
    memory.adopt(&kept);
    assert!(!memory.differs_for_a_restart(&kept));
    assert_eq!(memory.bound, BTreeMap::from([(id("bound"), bound), (id("held"), held)]));
}
