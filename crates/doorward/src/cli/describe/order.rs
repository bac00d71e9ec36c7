//! `doorward describe order`: all that is known of one certificate on order.

use jiff::Timestamp;

use super::put;
use crate::{table, view::OrderView};

pub fn text(found: &OrderView, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |field: &str, value: &str| put(&mut text, field, value);
    let moment =
        |time: Timestamp| format!("{} ({})", table::moment(time), table::distance(time, now));
    line("Order", &found.id);
    line("Names", &found.names.join(" "));
    line("Issuer", &found.issuer);
    if let Some(asked) = &found.asked {
        line("Asked now", asked);
    }
    line("State", &found.state);
    if let Some(stage) = &found.stage {
        line("Stage", stage);
    }
    line("Message", &found.message);
    if let Some(updated) = found.updated {
        line("Since", &moment(updated));
    }
    line("Failures", &format!("{} in a row", found.failures));
    if let Some(budget) = &found.budget {
        line("Limit", &budget.limit);
        line("Free again", &moment(budget.until));
    }
    if let Some(next) = found.next_attempt {
        line("Next", &moment(next));
    }
    if let Some(expires) = found.expires {
        line("Expires", &moment(expires));
    }
    if let Some(window) = &found.renewal_window {
        let (start, end) = (table::moment(window.start), table::moment(window.end));
        line("Renew between", &format!("{start} and {end}"));
        if let Some(why) = &window.explanation {
            line("Because", why);
        }
    }
    text
}

#[cfg(test)]
mod tests;
