//! What is wrong with the object behind a certificate, told to whom it concerns.

use model::{Certificate, CertificateId, Reason, Verdict};

use super::{
    Binder,
    asker::Asker,
    store::{Double, Fault, Hold, Store},
    wishes::Wishes,
};
use crate::claim::OnDelete;

/// Uploads that help nobody: said on the Secret itself, since nobody else may ask for it.
pub fn of_store(store: &Store<'_>) -> Vec<Verdict> {
    let unusable = store.unusable().map(|(secret, problem)| {
        Verdict::rejected(secret.reference.clone(), Reason::SecretInvalid, problem.message.clone())
            .at(problem.field)
            .from_origin(secret.origin.clone())
    });
    let doubles = store.doubles().iter().filter_map(|Double { late, counts }| {
        let id = late.body.store_id.as_ref()?;
        let message = format!(
            "certificate id {id} already belongs to {}: give this Secret another id, or delete one of the two",
            counts.reference
        );
        Some(
            Verdict::rejected(late.reference.clone(), Reason::DuplicateObject, message)
                .at("metadata.labels[\"doorward.dev/certificate-id\"]")
                .from_origin(late.origin.clone()),
        )
    });
    unusable.chain(doubles).collect()
}

impl<'a> Binder<'a> {
    pub(super) fn report(&mut self, wishes: &Wishes<'a>, verdict: Verdict) {
        self.verdicts.push(verdict.in_dialect(wishes.dialect));
    }

    /// A warning as long as something is served all the same.
    pub(super) fn report_fault(
        &mut self,
        wishes: &Wishes<'a>,
        id: &CertificateId,
        hold: &Hold<'a>,
        asker: &Asker<'a>,
    ) {
        let Some(fault) = hold.fault else { return };
        let kept = hold.certificate.map(|held| {
            format!("its last good certificate is served on (it ends {})", held.not_after)
        });
        let verdict = match fault {
            Fault::Missing => self.missing(id, (kept.as_deref(), wishes.on_delete), asker),
            Fault::Invalid(problem) => {
                let what = format!("{}, {}: {}", described(id), problem.field, problem.message);
                match kept {
                    Some(kept) => {
                        asker.warning(Reason::SecretInvalid, format!("{what}; until then {kept}"))
                    }
                    None => asker.refused(Reason::SecretInvalid, what),
                }
            }
            Fault::Worse(new) => {
                let (reason, why) = self.worse(new);
                let what = format!("the new certificate of {} {why}", described(id));
                let kept = kept.unwrap_or_default();
                asker.warning(reason, format!("{what}: {kept}; put a lasting one there"))
            }
        };
        self.report(wishes, verdict);
    }

    fn missing(
        &self,
        id: &CertificateId,
        (kept, on_delete): (Option<&str>, OnDelete),
        asker: &Asker<'a>,
    ) -> Verdict {
        match (id.as_secret(), kept) {
            (Some((namespace, _)), kept) if !self.settings.sees_secrets_in(namespace) => {
                let what = format!(
                    "Secret {id} cannot be seen, as the Secrets of namespace {namespace} are not watched: add {namespace} to watchNamespaces, and a Role and a RoleBinding there that let Doorward get, list and watch Secrets"
                );
                match kept {
                    Some(kept) => asker.warning(Reason::SecretNotFound, format!("{what}; {kept}")),
                    None => asker.refused(Reason::SecretNotFound, what),
                }
            }
            (Some((namespace, name)), Some(kept)) => asker.warning(
                Reason::SecretNotFound,
                format!(
                    "Secret {id} is gone: create {name} in namespace {namespace} again; {kept}"
                ),
            ),
            (Some((namespace, name)), None) => {
                let elsewhere = self.store.namespace_of(name).map(|home| {
                    format!("; Secret {home}/{name} is another namespace's and cannot be used here")
                });
                let so = match on_delete {
                    OnDelete::KeepLastGood => "",
                    OnDelete::Withdraw => ", so its certificate is withdrawn",
                };
                let message = format!(
                    "Secret {id} does not exist{so}: create {name} in namespace {namespace}, or correct the name{}",
                    elsewhere.unwrap_or_default()
                );
                asker.refused(Reason::SecretNotFound, message)
            }
            (None, Some(kept)) => asker.warning(
                Reason::CertificateNotFound,
                format!("certificate {id} is no longer in the store: upload it again; {kept}"),
            ),
            (None, None) => {
                let meant = self.store.in_full(id).map(|full| format!("; did you mean {full}?"));
                let message = format!(
                    "certificate {id} is not in the store and is left out: upload it under this id, or correct the id{}",
                    meant.unwrap_or_default()
                );
                asker.warning(Reason::CertificateNotFound, message)
            }
        }
    }

    fn worse(&self, new: &Certificate) -> (Reason, String) {
        if new.is_not_yet_valid(self.now) {
            (Reason::CertificateNotYetValid, format!("is not valid before {}", new.not_before))
        } else if new.is_expired(self.now) {
            (Reason::CertificateExpired, format!("expired {}", new.not_after))
        } else {
            (Reason::CertificateExpiring, format!("ends {}, in less than a day", new.not_after))
        }
    }
}

pub fn described(id: &CertificateId) -> String {
    match id.as_secret() {
        Some(_) => format!("Secret {id}"),
        None => format!("certificate {id}"),
    }
}

/// The names a certificate carries, cut short for a message.
pub fn names_of(certificate: &Certificate) -> String {
    const SHOWN: usize = 3;
    let mut text =
        certificate.names.iter().take(SHOWN).map(|name| name.as_str()).collect::<Vec<_>>();
    let more = certificate.names.len().saturating_sub(SHOWN);
    let rest = format!("{more} more");
    if more > 0 {
        text.push(&rest);
    }
    if text.is_empty() { "no DNS name".to_owned() } else { text.join(", ") }
}
