//! Which certificate of a list is the Default.

use model::{CertificateId, CertificateSource, Reason};

use super::{
    Binder,
    asker::Asker,
    list::{Entry, List},
    wishes::Wishes,
};

/// What made it the Default, as far as that needs saying.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Because {
    /// An object says so, or the operator did just now.
    Written,
    /// The operator did at an earlier reconcile, and it is still wanted.
    ConsoleKept,
    /// It was before, and it is still wanted.
    Kept,
}

impl<'a> Binder<'a> {
    /// In order: the console in this very reconcile; `defaultCertificate`; `IsDefault`; the
    /// console before, if still wanted; the one it was before, if still wanted and unexpired; the
    /// first of the list. One that is not in hand is never preferred to one that is.
    pub(super) fn choose_default(&mut self, list: &List<'a>, wishes: &Wishes<'a>) -> Option<usize> {
        let first = self.first(list)?;
        let Some((position, because)) = self.wished(list, wishes) else { return Some(first) };
        if because != Because::Written && position != first {
            self.report_kept(list, wishes, (position, first), because);
        }
        Some(position)
    }

    /// Nothing is wanted any more, or the one that is to be the Default is not in hand: the
    /// listener keeps the Default it had, as on ALB, as long as its object is there.
    pub(super) fn keep_last_default(
        &mut self,
        list: &mut List<'a>,
        wishes: &Wishes<'a>,
        asker: Asker<'a>,
    ) {
        let Some(id) = self.memory.defaults.get(wishes.key) else { return };
        if list.position(id).is_some() {
            return;
        }
        let hold = self.store.hold(id);
        if hold.fault.is_some() || !hold.own.is_some_and(|own| self.store.is_valid(own)) {
            return;
        }
        let source = match (hold.issued_by, id.as_secret()) {
            (Some(_), _) => CertificateSource::Issued,
            (None, Some(_)) => CertificateSource::Secret,
            (None, None) if wishes.by_annotation() => CertificateSource::Annotation,
            (None, None) => CertificateSource::Discovered,
        };
        let message = match wishes.default {
            Some(default) => format!(
                "{} is not in hand, so {} keeps {id} as its Default: upload it, or name another",
                default.id, wishes.key
            ),
            None => format!(
                "empty https listener default certs: nothing asks for a certificate on {} any more, so it keeps {id} as its Default; name certificates in the listener, or add an Ingress with spec.tls",
                wishes.key
            ),
        };
        self.report(wishes, asker.warning(Reason::CertificateNotFound, message));
        list.push(Entry::held(id.clone(), source, &hold, asker));
    }

    fn wished(&self, list: &List<'a>, wishes: &Wishes<'a>) -> Option<(usize, Because)> {
        let edit = self.world.console.defaults.get(wishes.key);
        let just_now = edit.filter(|edit| edit.is_fresh(self.world.generation));
        let fixed = wishes.fixed.and_then(|fixed| fixed.default.as_ref());
        let sticky = self.memory.defaults.get(wishes.key);
        let has_begun = |position: &usize| {
            let certificate = list.entries[*position].certificate;
            certificate.is_some_and(|certificate| !certificate.is_not_yet_valid(self.now))
        };
        let held = |id: &CertificateId| {
            list.position(id).filter(|position| list.entries[*position].certificate.is_some())
        };
        let wanted = |id: &CertificateId| list.position(id).filter(has_begun);
        let written = just_now
            .and_then(|edit| held(&edit.id))
            .or_else(|| wishes.default.and_then(|default| wanted(&default.id)))
            .or_else(|| fixed.and_then(wanted))
            .map(|position| (position, Because::Written));
        written
            .or_else(|| Some((edit.and_then(|edit| wanted(&edit.id))?, Because::ConsoleKept)))
            .or_else(|| Some((wishes.follow.as_ref().and_then(wanted)?, Because::Written)))
            .or_else(|| {
                let position = sticky.and_then(wanted)?;
                self.is_valid_entry(&list.entries[position]).then_some((position, Because::Kept))
            })
    }

    /// The first that is valid, or else in hand, or else there.
    pub(super) fn first(&self, list: &List<'a>) -> Option<usize> {
        let position = |fits: &dyn Fn(&Entry<'a>) -> bool| list.entries.iter().position(fits);
        position(&|entry| self.is_valid_entry(entry))
            .or_else(|| position(&|entry| entry.certificate.is_some()))
            .or_else(|| position(&|_| true))
    }

    fn is_valid_entry(&self, entry: &Entry<'a>) -> bool {
        entry.certificate.is_some_and(|certificate| self.store.is_valid(certificate))
    }

    /// Not a warning: it says why the Default is not the first of the list.
    fn report_kept(
        &mut self,
        list: &List<'a>,
        wishes: &Wishes<'a>,
        (position, first): (usize, usize),
        because: Because,
    ) {
        let by_whom = match because {
            Because::ConsoleKept => "as the console set it",
            Because::Kept | Because::Written => "as before",
        };
        let message = format!(
            "the Default of {} stays {}, {by_whom}, although {} comes first in the list: `doorward listener set-default` chooses another",
            wishes.key, list.entries[position].id, list.entries[first].id
        );
        self.report(wishes, wishes.listener_asker().told(Reason::DefaultKept, message));
    }
}
