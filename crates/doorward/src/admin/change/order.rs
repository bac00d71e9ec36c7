//! Orders: one of them, and having its certificate renewed before it is due.

use http::StatusCode;
use issue::Order;
use model::CertificateId;
use tracing::info;

use crate::admin::{Sight, answer::ApiError};

impl Sight {
    pub fn order(&self, id: &str) -> Result<Order, ApiError> {
        let orders = self.orders();
        let found = orders.iter().find(|order| order.id.as_str() == id);
        found.cloned().ok_or_else(|| no_order(id, orders.iter().map(|order| &order.id)))
    }

    /// Asks for a new certificate although the one in hand is good, or for another attempt at once
    /// where the last one failed. Answers with the order as it was before.
    pub async fn renew(&self, id: &str) -> Result<Order, ApiError> {
        let order = self.order(id)?;
        let asked = self.renewals.borrow().clone();
        let is_sent = match asked {
            Some(asked) => asked.send(order.id.clone()).await.is_ok(),
            None => false,
        };
        if !is_sent {
            let message =
                "another replica issues: ask the leader, whom `kubectl get lease doorward` names";
            return Err(ApiError::conflict("NotLeader", message).on(format!("order {id}")));
        }
        info!(%id, "renewal asked for");
        Ok(order)
    }
}

fn no_order<'a>(id: &str, known: impl Iterator<Item = &'a CertificateId>) -> ApiError {
    let likeness = |known: &&CertificateId| strsim::osa_distance(known.as_str(), id);
    let cure = match known.min_by_key(likeness) {
        Some(nearest) => format!("did you mean {nearest}? see `doorward get orders`"),
        None => "nothing is on order".to_owned(),
    };
    let message = format!("there is no such order: {cure}");
    ApiError::new(StatusCode::NOT_FOUND, "NotFound", message).on(format!("order {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_order_names_the_nearest() {
        let known = ["shop/web-tls", "shop/api-tls"].map(CertificateId::store);
        let refused = no_order("shop/wbe-tls", known.iter());
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
        assert!(format!("{refused:?}").contains("did you mean shop/web-tls?"), "{refused:?}");
        assert!(format!("{:?}", no_order("a", [].iter())).contains("nothing is on order"));
    }
}
