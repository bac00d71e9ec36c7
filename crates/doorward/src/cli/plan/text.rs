//! A plan as tables and lines.

use std::fmt::Write;

use jiff::Timestamp;

use super::{
    Plan,
    basis::Place,
    changes::{CertificateChange, Change, Held},
    orders::{PlannedOrder, Step},
};
use crate::{
    cli::problems::{self, among, count},
    table::{self, Screen, Table},
};

impl Plan {
    pub fn text(&self, place: &Place, screen: Screen, now: Timestamp) -> String {
        let mut text = format!("{place}\n");
        let parts = [self.orders(screen, now), self.limits(screen), self.changes(screen, now)];
        for part in parts.into_iter().flatten() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n{part}");
        }
        let refused = self.orders.iter().filter(|order| order.is_refused());
        let refused: Vec<&PlannedOrder> = refused.collect();
        let problems = among(&self.verdicts);
        let total = refused.len() + problems.len() + self.unreadable.len();
        if total > 0 {
            text.push('\n');
        }
        self.unreadable.iter().for_each(|told| text.push_str(&format!("{told}\n")));
        refused.iter().for_each(|order| text.push_str(&refusal(order)));
        problems.iter().for_each(|problem| text.push_str(&problems::line(problem)));
        text + "\n" + &self.summary(now) + &count(total)
    }

    /// What is ordered, waited for and gone on with. What is kept is counted, and what is refused
    /// has a line of its own.
    fn orders(&self, screen: Screen, now: Timestamp) -> Option<Table> {
        let header = ["CERTIFICATE", "ISSUER", "WHEN", "NAMES", "WHY", "WANTED BY"];
        let wraps = ["CERTIFICATE", "ISSUER", "NAMES", "WHY", "WANTED BY"];
        let mut table = Table::new(screen, &header, &wraps);
        let mut orders = self.orders.iter().filter(|order| order.awaited().is_some()).peekable();
        orders.peek()?;
        for order in orders {
            table.row([
                order.id.clone(),
                match &order.asked {
                    Some(asked) => format!("{} (asks {asked})", order.issuer),
                    None => order.issuer.clone(),
                },
                when(order, now),
                table::names(&order.names),
                match (order.course, order.limits.first()) {
                    (Step::Wait, Some(limit)) => format!("{}; waits for {limit}", order.message),
                    _ => order.message.clone(),
                },
                order.wanted_by.clone(),
            ]);
        }
        Some(table)
    }

    fn limits(&self, screen: Screen) -> Option<Table> {
        self.limits.first()?;
        let header = ["LIMIT", "ISSUER", "ALLOWS", "USED", "AFTER", "WAITING"];
        let mut table = Table::new(screen, &header, &["LIMIT", "ISSUER"]);
        for limit in &self.limits {
            table.row([
                limit.limit.clone(),
                limit.issuer.clone(),
                format!("{} in {}", limit.amount, limit.per),
                limit.used_before.to_string(),
                limit.used_after.to_string(),
                limit.waiting.to_string(),
            ]);
        }
        Some(table)
    }

    fn changes(&self, screen: Screen, now: Timestamp) -> Option<Table> {
        self.listeners.first()?;
        let header = ["LISTENER", "CHANGE", "CERTIFICATE", "WAS", "WILL BE"];
        let mut table = Table::new(screen, &header, &["CERTIFICATE", "WAS", "WILL BE"]);
        for listener in &self.listeners {
            let key = &listener.listener;
            let protocol = listener.protocol_before.as_ref();
            if listener.certificates.is_empty() || protocol.is_some() {
                let (was, will_be) = match listener.change {
                    Change::Comes => ("-".into(), listener.protocol.clone()),
                    Change::Goes => (listener.protocol.clone(), "-".into()),
                    Change::Changes => {
                        (protocol.cloned().unwrap_or_default(), listener.protocol.clone())
                    }
                };
                table.row([key.clone(), word(listener.change), "-".into(), was, will_be]);
            }
            for certificate in &listener.certificates {
                table.row([
                    key.clone(),
                    word(certificate.change),
                    certificate.id.clone(),
                    certificate.before.as_ref().map_or("-".into(), |held| hand(held, now)),
                    will_be(certificate, now),
                ]);
            }
        }
        Some(table)
    }

    fn summary(&self, now: Timestamp) -> String {
        let of = |step| self.orders.iter().filter(move |order| order.course == step);
        let told = [
            (Step::Order, "to order"),
            (Step::GoOn, "going on"),
            (Step::Wait, "waiting"),
            (Step::Refuse, "refused"),
            (Step::Keep, "in hand"),
        ];
        let told = told.map(|(step, words)| (of(step).count(), words));
        let told = told.iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told.map(|(count, words)| format!("{count} {words}")).collect();
        if told.is_empty() {
            return "nothing to order\n".to_owned();
        }
        match of(Step::Keep).filter_map(|order| order.until).min() {
            Some(next) => {
                format!("{}\nnext renewal {}\n", told.join(", "), table::distance(next, now))
            }
            None => told.join(", ") + "\n",
        }
    }
}

fn when(order: &PlannedOrder, now: Timestamp) -> String {
    match (order.course, order.until) {
        (Step::Order, _) => "now".into(),
        (Step::GoOn, _) => "goes on".into(),
        (_, Some(until)) => table::distance(until, now),
        (_, None) => "-".into(),
    }
}

/// `refused: Ingress shop/web: certificate shop/web-tls: Issuer letsencrypt: message`.
fn refusal(order: &PlannedOrder) -> String {
    let PlannedOrder { id, issuer, wanted_by, message, refusals, .. } = order;
    let told = |issuer: &str, message: &str| match message.starts_with("Issuer ") {
        true => message.to_owned(),
        false => format!("Issuer {issuer}: {message}"),
    };
    let all: Vec<String> = match refusals.as_slice() {
        [] => vec![told(issuer, message)],
        refusals => refusals.iter().map(|by| told(&by.issuer, &by.message)).collect(),
    };
    format!("refused: {wanted_by}: certificate {id}: {}\n", all.join("; "))
}

fn word(change: Change) -> String {
    match change {
        Change::Comes => "comes",
        Change::Goes => "goes",
        Change::Changes => "changes",
    }
    .to_owned()
}

/// `9f86d081 until 2027-03-01, Default`.
fn hand(held: &Held, now: Timestamp) -> String {
    let fingerprint = held.fingerprint.as_deref().map(|text| text.trim_start_matches("sha256:"));
    let mut text = match (fingerprint, held.not_after) {
        (Some(fingerprint), Some(end)) => {
            let short = fingerprint.get(..8).unwrap_or(fingerprint);
            format!("{short} until {}", table::day(end, now))
        }
        _ => "nothing yet".to_owned(),
    };
    if held.default {
        text.push_str(", Default");
    }
    text
}

fn will_be(certificate: &CertificateChange, now: Timestamp) -> String {
    let Some(after) = &certificate.after else { return "-".into() };
    match (certificate.on_order, &after.fingerprint) {
        (true, None) if after.default => "on order, Default".into(),
        (true, None) => "on order".into(),
        (true, Some(_)) if certificate.before.as_ref() == Some(after) => "a new one".into(),
        (true, Some(_)) => format!("{}; then a new one", hand(after, now)),
        (false, _) => hand(after, now),
    }
}
