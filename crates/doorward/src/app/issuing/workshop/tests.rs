use issue::{Fault, NoEntries, Slate};
use model::{KeyChoice, ObjectRef, RenewBefore};
use serde_json::{Value, json};

use super::*;

fn tools() -> Tools {
    let entries: Arc<dyn Entries> = Arc::new(NoEntries);
    let models = watch::channel(Arc::new(Model::default())).1;
    Tools {
        root: Arc::new(|| Box::pin(async { anyhow::bail!("there is no root here") })),
        challenges: Arc::new(issue::KeptChallenges::new(entries.clone(), models)),
        entries,
        clock: Arc::new(Timestamp::now),
    }
}

fn issuer(name: &str, kind: IssuerKind, settings: Value) -> Arc<model::Issuer> {
    Arc::new(model::Issuer {
        name: name.into(),
        declared_by: Some(ObjectRef::cluster("Issuer", name)),
        kind,
        settings: Arc::new(settings),
        secrets: BTreeMap::new(),
        keys: KeyChoice::default(),
        renew_before: RenewBefore::default(),
        window: None,
        allowed: Vec::new(),
        fallback: Vec::new(),
        limits: None,
    })
}

fn workshop() -> Workshop {
    Workshop { tools: tools(), made: BTreeMap::new() }
}

#[test]
fn an_issuer_is_made_once_for_as_long_as_it_stays_the_same() {
    let mut workshop = workshop();
    let (ours, theirs) =
        (issuer("ours", IssuerKind::Ca, json!({})), issuer("theirs", IssuerKind::Acm, json!({})));
    let first = workshop.supply(&[ours.clone(), theirs]);
    let changed = issuer("theirs", IssuerKind::Acm, json!({"region": "eu-west-1"}));
    let second = workshop.supply(&[ours, changed]);
    assert!(Arc::ptr_eq(&first["ours"].issuer, &second["ours"].issuer));
    assert!(!Arc::ptr_eq(&first["theirs"].issuer, &second["theirs"].issuer));
    assert!(!is_same(&first, &second));
    assert!(workshop.supply(&[]).is_empty());
}

#[tokio::test]
async fn one_that_cannot_be_made_refuses_its_orders_and_says_why() {
    let supplied = workshop().supply(&[
        issuer("lost", IssuerKind::Ca, json!({"secretName": "our-ca"})),
        issuer("vague", IssuerKind::Acme, json!({"server": "ftp://ca.test"})),
    ]);
    for (name, says) in [("lost", "there is no Secret our-ca"), ("vague", "spec.acme")] {
        let request = Request {
            id: model::CertificateId::secret("shop", "web"),
            names: vec![model::Name::parse("a.test").unwrap()],
            key: model::KeyKind::default(),
            replaces: None,
            serial: 1,
        };
        let advanced = supplied[name].issuer.advance(&request, &Progress::default()).await;
        let error = advanced.unwrap_err();
        assert_eq!(error.fault, Fault::Refused);
        assert!(error.message.contains(says), "{error}");
    }
    // Nothing is left to be kept of them.
    assert!(Slate::default().pages().is_empty());
}

#[test]
fn what_is_wrong_with_settings_is_a_verdict_on_their_object() {
    let model = Model {
        issuers: vec![
            issuer("amazon", IssuerKind::Acm, json!({"regoin": "eu-west-1"})),
            issuer("good", IssuerKind::Ca, json!({})),
            issuer("house", IssuerKind::Ca, json!({"secret": "x"})),
        ],
        ..Model::default()
    };
    let accepted = |name| Verdict::accepted(ObjectRef::cluster("Issuer", name));
    let mut verdicts = vec![accepted("amazon"), accepted("good"), accepted("house")];
    judge(&model, &mut verdicts);
    let told: Vec<_> =
        verdicts.iter().map(|verdict| (verdict.state, verdict.field.as_deref())).collect();
    assert_eq!(
        told,
        [
            (State::Rejected, Some("spec.acm.regoin")),
            (State::Accepted, None),
            (State::Rejected, Some("spec.ca.secret")),
        ]
    );
}
