//! `doorward order`: the verbs of certificates that issuers make.

use anyhow::Result;

use super::{client::Client, show};
use crate::{args::OrderVerb, view::OrderView};

pub fn order(verb: &OrderVerb) -> Result<()> {
    let OrderVerb::Renew { id, remote } = verb;
    let answer = Client::new(remote)?.post(&format!("/api/v1/orders/{id}/renew"), &())?;
    show(&answer, remote.output.output, |order: OrderView, _| {
        format!(
            "{}: a new one is asked of issuer {}; see `doorward get orders`\n",
            order.id, order.issuer
        )
    })
}
