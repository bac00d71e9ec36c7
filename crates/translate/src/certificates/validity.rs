//! Certificates outside their validity: which stay, which are left out, who is warned, and when
//! time alone changes that.
//!
//! An expired certificate beats none and loses to any valid one. One that is not yet valid is
//! left out as long as any other certificate covers one of its names.

use jiff::Timestamp;
use model::{Certificate, CertificateSource, Reason};

use super::{
    Binder,
    covered::Covered,
    faults::{described, names_of},
    list::{Entry, List},
    wishes::Wishes,
};

impl<'a> Binder<'a> {
    pub(super) fn leave_out_invalid(&mut self, list: &mut List<'a>, wishes: &Wishes<'a>) {
        let mut held = list.entries.iter().filter_map(|entry| entry.certificate);
        if !held.all(|certificate| self.store.is_valid(certificate)) {
            let mut left = self.invalid(list, wishes).into_iter();
            for (entry, is_left) in list.entries.iter().zip(left.clone()) {
                self.report_invalid(wishes, entry, is_left);
            }
            list.retain(|_| !left.next().unwrap_or(false));
        }
        for entry in &list.entries {
            self.report_expiring(wishes, entry);
        }
    }

    /// For each entry, whether it is to be left out.
    fn invalid(&self, list: &List<'a>, wishes: &Wishes<'a>) -> Vec<bool> {
        let valid = Covered::by(list, |certificate| self.store.is_valid(certificate));
        let started = Covered::by(list, |certificate| !certificate.is_not_yet_valid(self.now));
        let is_left = |entry: &Entry<'a>| match entry.certificate {
            Some(certificate) if certificate.is_expired(self.now) => match entry.source {
                CertificateSource::Discovered => {
                    let mut hosts = wishes.open.iter().map(|open| open.host);
                    hosts.all(|host| !certificate.covers(host) || valid.covers(host))
                }
                _ if certificate.names.is_empty() => !valid.is_empty(),
                _ => certificate.names.iter().all(|name| valid.covers(name)),
            },
            Some(certificate) if certificate.is_not_yet_valid(self.now) => {
                certificate.names.iter().any(|name| started.covers(name))
            }
            _ => false,
        };
        list.entries.iter().map(is_left).collect()
    }

    /// When time alone changes the answer next.
    pub(super) fn next_change(&self) -> Option<Timestamp> {
        let stored =
            self.world.secrets.values().filter_map(|secret| secret.body.pair.as_ref().ok());
        let kept = self.remembered.held_over.values();
        stored
            .chain(kept)
            .flat_map(|certificate| {
                let moments = [
                    certificate.not_before,
                    certificate.warn_from(),
                    overdue_from(certificate),
                    certificate.not_after,
                ];
                moments.into_iter().filter(|moment| *moment > self.now)
            })
            .min()
    }

    fn report_invalid(&mut self, wishes: &Wishes<'a>, entry: &Entry<'a>, is_left: bool) {
        let Some(certificate) = entry.certificate else { return };
        let (reason, state) = if certificate.is_expired(self.now) {
            (Reason::CertificateExpired, format!("expired {}", certificate.not_after))
        } else if certificate.is_not_yet_valid(self.now) {
            (
                Reason::CertificateNotYetValid,
                format!("is not valid before {}", certificate.not_before),
            )
        } else {
            return;
        };
        let vendors = match (entry.source, reason) {
            (CertificateSource::AlbConfig, Reason::CertificateExpired) => {
                format!("the following certificate IDs have expired: [{}]; ", entry.id)
            }
            _ => String::new(),
        };
        let what = format!("{vendors}{} ({}) {state}", described(&entry.id), names_of(certificate));
        let message = match (is_left, reason) {
            // The store keeps old certificates; leaving them out is no news.
            (true, _) if entry.source == CertificateSource::Discovered => return,
            (true, Reason::CertificateExpired) => {
                format!(
                    "{what} and is left out, as others cover its names: replace it or take it out"
                )
            }
            (true, _) => format!("{what} and is left out until then"),
            (false, Reason::CertificateExpired) => format!(
                "{what} and is served all the same, as nothing better covers its names: replace it"
            ),
            (false, _) => format!(
                "{what}; it is served all the same, as nothing else covers its names, but clients refuse it until then"
            ),
        };
        self.report_to_askers(wishes, entry, reason, &message);
    }

    fn report_expiring(&mut self, wishes: &Wishes<'a>, entry: &Entry<'a>) {
        let Some(certificate) = entry.certificate else { return };
        let is_obtained = entry.source == CertificateSource::Issued;
        let from = if is_obtained { overdue_from(certificate) } else { certificate.warn_from() };
        if self.now < from || certificate.is_expired(self.now) {
            return;
        }
        let cure = match (is_obtained, entry.id.as_secret()) {
            (true, _) => "its renewal is overdue, see `doorward get orders`",
            (false, Some(_)) => "put its successor into the Secret",
            (false, None) => "upload its successor",
        };
        let message = format!(
            "{} ({}) expires {}: {cure}",
            described(&entry.id),
            names_of(certificate),
            certificate.not_after
        );
        self.report_to_askers(wishes, entry, Reason::CertificateExpiring, &message);
    }

    fn report_to_askers(
        &mut self,
        wishes: &Wishes<'a>,
        entry: &Entry<'a>,
        reason: Reason,
        message: &str,
    ) {
        for asker in entry.askers() {
            self.report(wishes, asker.warning(reason, message.to_owned()));
        }
    }
}

/// An issuer renews when a third of the lifetime is left; half of that later it is late.
fn overdue_from(certificate: &Certificate) -> Timestamp {
    let (warn, end) = (certificate.warn_from().as_second(), certificate.not_after.as_second());
    Timestamp::from_second(warn + (end - warn) / 2).unwrap_or(certificate.not_after)
}
