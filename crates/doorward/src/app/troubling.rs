//! What orders and listeners elsewhere have to say on the objects that want their certificates,
//! beside what the translation says of them: it knows what is wanted, and only who obtains or
//! attaches it knows what came of it.

use std::sync::Arc;

use issue::{Order, OrderStage, OrderState, Orders};
use model::{Model, Name, Reason, Verdict};
use tokio::sync::watch;

use super::{
    attaching::{AttachTrouble, Attached, AttachedListener},
    translating::publish,
};

/// Follows them all, for those who wait for changes.
pub struct Troubling {
    pub verdicts: watch::Receiver<Arc<Vec<Verdict>>>,
    pub orders: watch::Receiver<Orders>,
    pub attached: watch::Receiver<Attached>,
    pub models: watch::Receiver<Arc<Model>>,
    pub joined: watch::Sender<Arc<Vec<Verdict>>>,
}

impl Troubling {
    pub async fn run(mut self) {
        loop {
            let translated = self.verdicts.borrow_and_update().clone();
            let orders = self.orders.borrow_and_update().clone();
            let attached = self.attached.borrow_and_update().clone();
            let now = join(&translated, &orders, &attached, &self.models.borrow());
            publish(&self.joined, Arc::unwrap_or_clone(now));
            tokio::select! {
                changed = self.verdicts.changed() => if changed.is_err() { return },
                changed = self.orders.changed() => if changed.is_err() { return },
                changed = self.attached.changed() => if changed.is_err() { return },
            }
        }
    }
}

/// The verdicts of a translation with those of orders that do not get on, and of listeners that
/// do not carry what they should, in the same order.
pub fn join(
    verdicts: &Arc<Vec<Verdict>>,
    orders: &[Order],
    attached: &[AttachedListener],
    model: &Model,
) -> Arc<Vec<Verdict>> {
    let of_orders = orders.iter().filter_map(|order| trouble(order, model));
    let of_listeners = attached.iter().flat_map(|listener| not_attached(listener, model));
    let troubles: Vec<Verdict> = of_orders.chain(of_listeners).collect();
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

/// A certificate's trouble is told to who wants it, and a listener's to all.
fn not_attached(found: &AttachedListener, model: &Model) -> Vec<Verdict> {
    let AttachedListener { listener, troubles, .. } = found;
    let wanted = model.attachments.iter().find(|one| one.listener == *listener);
    let Some(wanted) = wanted else { return Vec::new() };
    let mut verdicts = Vec::new();
    for AttachTrouble { arn, message } in troubles {
        let of_certificate =
            wanted.certificates.iter().filter(|one| Some(&one.arn) == arn.as_ref());
        let told: Vec<_> = match arn {
            Some(_) => of_certificate.map(|one| &one.wanted_by).collect(),
            None => wanted.wanted_by.iter().collect(),
        };
        let text = format!("listener {listener}: {message}");
        verdicts.extend(told.into_iter().map(|object| {
            Verdict::warning(object.clone(), Reason::AttachmentFailed, text.clone())
                .at("metadata.annotations[\"doorward.dev/aws-listener-arn\"]")
        }));
    }
    verdicts
}

#[cfg(test)]
mod tests;
