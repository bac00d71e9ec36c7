use jiff::Timestamp;
use model::{Arn, AttachedCertificate, Attachment, CertificateId, Dialect, ObjectRef, State, Want};

use super::*;

fn order(state: OrderState, stage: OrderStage) -> Order {
    Order {
        id: CertificateId::secret("shop", "web"),
        names: vec![Name::parse("a.test").unwrap()],
        issuer: "letsencrypt".into(),
        asked: None,
        state,
        stage,
        message: "the CA is away".into(),
        updated: Timestamp::UNIX_EPOCH,
        failures: 1,
        next_attempt: None,
        expires: None,
        renewal_window: None,
        budget: None,
    }
}

fn model() -> Model {
    let want = Want {
        id: CertificateId::secret("shop", "web"),
        names: vec![Name::parse("a.test").unwrap()],
        issuer: "letsencrypt".into(),
        key: None,
        wanted_by: ObjectRef::namespaced("Ingress", "shop", "web"),
        held: None,
        held_from: None,
    };
    Model { wants: vec![want], ..Model::default() }
}

#[test]
fn who_wants_the_certificate_is_told_why_it_does_not_come() {
    let accepted = |kind, name| {
        Verdict::accepted(ObjectRef::namespaced(kind, "shop", name)).in_dialect(Dialect::Alb)
    };
    let verdicts = Arc::new(vec![accepted("Ingress", "other"), accepted("Ingress", "web")]);
    let failed = order(OrderState::Failed, OrderStage::Failed);
    let joined = join(&verdicts, &[failed], &[], &model());
    let verdict = &joined[1];
    assert_eq!(verdict.object.to_string(), "Ingress shop/web");
    assert_eq!((verdict.state, verdict.reason), (State::Warning, Reason::OrderFailed));
    assert_eq!(verdict.dialect, Some(Dialect::Alb));
    for part in ["a.test", "issuer letsencrypt", "the CA is away"] {
        assert!(verdict.message.contains(part), "{}", verdict.message);
    }
}

#[test]
fn an_order_that_gets_on_changes_nothing() {
    let verdicts = Arc::new(Vec::new());
    let fine = order(OrderState::Pending, OrderStage::Validating);
    assert!(Arc::ptr_eq(&join(&verdicts, &[fine], &[], &model()), &verdicts));
}

#[test]
fn a_certificates_trouble_is_told_to_who_wants_it_and_a_listeners_to_all() {
    let object = |name| ObjectRef::namespaced("Ingress", "shop", name);
    let arn = |name| Arn::parse(&format!("arn:aws:acm:x:1:{name}")).unwrap();
    let certificate =
        |name| AttachedCertificate { arn: arn(name), held: None, wanted_by: object(name) };
    let attachment = Attachment {
        listener: arn("listener"),
        issuer: Some("amazon".into()),
        certificates: vec![certificate("one"), certificate("two")],
        pending: Vec::new(),
        wanted_by: vec![object("one"), object("two")],
    };
    let model = Model { attachments: vec![Arc::new(attachment)], ..Model::default() };
    let told = |arn: Option<Arn>| {
        let trouble = AttachTrouble { arn, message: "no room".into() };
        let found = AttachedListener {
            listener: Arn::parse("arn:aws:acm:x:1:listener").unwrap(),
            wanted: 2,
            carried: Vec::new(),
            troubles: vec![trouble],
        };
        let joined = join(&Arc::new(Vec::new()), &[], &[found], &model);
        let told = joined.iter().map(|verdict| (verdict.object.name.to_string(), verdict.reason));
        told.collect::<Vec<_>>()
    };
    let failed = |name: &str| (name.to_owned(), Reason::AttachmentFailed);
    assert_eq!(told(Some(arn("two"))), [failed("two")]);
    assert_eq!(told(None), [failed("one"), failed("two")]);
}
