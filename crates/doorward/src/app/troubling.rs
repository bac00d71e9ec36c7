//! What orders have to say on the objects that want their certificates, beside what the
//! translation says of them: it knows what is wanted, and only who obtains it knows what came of
//! it.

use std::sync::Arc;

use issue::{Order, OrderStage, OrderState, Orders};
use model::{Model, Name, Reason, Verdict};
use tokio::sync::watch;

use super::translating::publish;

/// Follows both, for those who wait for changes.
pub async fn follow(
    mut verdicts: watch::Receiver<Arc<Vec<Verdict>>>,
    mut orders: watch::Receiver<Orders>,
    models: watch::Receiver<Arc<Model>>,
    joined: watch::Sender<Arc<Vec<Verdict>>>,
) {
    loop {
        let translated = verdicts.borrow_and_update().clone();
        let now = join(&translated, &orders.borrow_and_update().clone(), &models.borrow());
        publish(&joined, Arc::unwrap_or_clone(now));
        tokio::select! {
            changed = verdicts.changed() => if changed.is_err() { return },
            changed = orders.changed() => if changed.is_err() { return },
        }
    }
}

/// The verdicts of a translation with those of orders that do not get on, in the same order.
pub fn join(verdicts: &Arc<Vec<Verdict>>, orders: &[Order], model: &Model) -> Arc<Vec<Verdict>> {
    let troubles: Vec<Verdict> = orders.iter().filter_map(|order| trouble(order, model)).collect();
    if troubles.is_empty() {
        return verdicts.clone();
    }
    let mut joined = Vec::clone(verdicts);
    for mut trouble in troubles {
        let place = joined.partition_point(|known| known.object < trouble.object);
        if let Some(known) = joined.get(place).filter(|known| known.object == trouble.object) {
            trouble.dialect = known.dialect;
            trouble.origin.clone_from(&known.origin);
        }
        joined.insert(place, trouble);
    }
    Arc::new(joined)
}

/// No times: each attempt would be news of its own.
fn trouble(order: &Order, model: &Model) -> Option<Verdict> {
    let Order { id, asked, message, .. } = order;
    let position = model.wants.binary_search_by(|want| want.id.cmp(id)).ok()?;
    let want = &model.wants[position];
    let names: Vec<&str> = want.names.iter().map(Name::as_str).collect();
    let (names, from) = (names.join(", "), asked.as_ref().unwrap_or(&order.issuer));
    let served = match &want.held {
        Some(held) => format!("; the one in hand ends {}", held.not_after),
        None => String::new(),
    };
    let told = match (order.state, order.stage, &order.budget) {
        (OrderState::Failed, ..) => format!(
            "the certificate for {names} was not obtained from issuer {from}: {message}{served}; `doorward get orders` tells when it is tried again"
        ),
        (_, OrderStage::Budget, Some(wait)) => format!(
            "the certificate for {names} waits for a limit of issuer {from}: {}{served}",
            wait.limit
        ),
        _ => return None,
    };
    Some(Verdict::warning(want.wanted_by.clone(), Reason::OrderFailed, told))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use model::{CertificateId, Dialect, ObjectRef, State, Want};

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
        let joined = join(&verdicts, &[failed], &model());
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
        assert!(Arc::ptr_eq(&join(&verdicts, &[fine], &model()), &verdicts));
    }
}
