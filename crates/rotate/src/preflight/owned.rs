//! k3s and RKE2 keep the truth in their datastore, and write files from it at each start: leaves
//! are renewed by their own command, and authorities by nobody else at all.

use super::{Look, Looked};
use crate::{
    HostFacts, HostName, Product, RunBy, expiry::Class, finding::Finding, inventory::Layout,
    plan::Mode,
};

pub(super) fn look(look: &Look<'_>, name: &HostName, host: &HostFacts, looked: &mut Looked) {
    let against = match (&host.product, host.layout) {
        (Some(product), _) => obstacle(look, product),
        (None, Layout::K3s) => Some(unfound("k3s", "k3s")),
        (None, Layout::Rke2) => Some(unfound("rke2", "rke2-server")),
        _ if look.is_owned() => Some(
            "no product owns the certificates here, and one does on others; make an inventory of \
             each cluster"
                .to_owned(),
        ),
        _ => None,
    };
    looked.against.extend(against.map(|text| Finding::at(name, text)));
}

/// What its own command cannot do, or must not.
fn obstacle(look: &Look<'_>, product: &Product) -> Option<String> {
    let server = product.server;
    let [stop, start] = product.commands();
    if look.mode != Mode::Leaf {
        let leaves = match look.wish.mode {
            None if !look.condition.class.is_dead() => {
                "; --mode leaf renews what they issued, for as long as they last"
            }
            _ => "",
        };
        return Some(format!(
            "{server} keeps its authorities in its datastore and writes its files from there, so \
             they change by `{server} certificate rotate-ca` alone: by new ones that the old ones \
             signed, or every node needs a new join token and every pod a restart{leaves}"
        ));
    }
    if look.condition.class == Class::LeavesDead {
        return Some(format!(
            "{}. {server} renews what has ended whenever it is started: {stop}; {start}, on one \
             server after the other, and then `doorward pki verify`",
            look.condition.why
        ));
    }
    if look.wish.validity.is_some() || look.wish.reuse_keys {
        return Some(format!(
            "{server} decides how long its certificates last, and makes new keys for them; leave \
             out --validity and --reuse-keys"
        ));
    }
    (product.run_by == RunBy::Unknown).then(|| {
        format!(
            "nobody is known who starts {server} again; give its stop, start and isRunning \
             commands in the inventory, under components.{server}"
        )
    })
}

fn unfound(product: &str, unit: &str) -> String {
    format!(
        "{product} owns these files, and its server is not found here: no unit {unit} and no \
         process. By hand: systemctl stop {unit}; {product} certificate rotate; systemctl start \
         {unit}; and `doorward pki verify` before the next one"
    )
}
