//! What is said of a CA that is asked for and not in hand.

use model::{CertificateId, Reason};

use super::super::{Binder, asker::Asker, wishes::Wishes};
use crate::claim::ClientCaClaim;

/// What is done without a CA that was asked for.
pub(super) enum Stopgap<'s> {
    LastGood,
    /// Others of the same claim are in hand.
    WithoutIt,
    /// What the server had before.
    Former(&'s [CertificateId]),
    /// This listener or server is not served.
    Nothing(&'s str),
}

impl<'a> Binder<'a> {
    pub(super) fn report_missed(
        &mut self,
        wishes: &Wishes<'a>,
        (claim, id): (&ClientCaClaim, &CertificateId),
        stopgap: &Stopgap<'_>,
        asker: &Asker<'a>,
    ) {
        let secret = self.store.client_ca(id);
        let problem = secret.and_then(|secret| secret.ca_problem.as_ref());
        let of_both = claim.instead.as_ref().filter(|instead| *instead != id && secret.is_none());
        let what = match (id.as_secret(), problem, of_both) {
            (Some(_), Some(problem), _) => {
                format!("Secret {id}, {}: {}", problem.field, problem.message)
            }
            (Some(_), None, Some(instead)) => {
                format!("neither Secret {id} nor {instead} holds a CA certificate")
            }
            (Some(_), None, None) if secret.is_none() => format!("Secret {id} does not exist"),
            (Some(_), None, None) => format!("Secret {id} holds no CA certificate"),
            (None, _, _) => {
                format!("client CA {id} is not in the store or holds no CA certificate")
            }
        };
        let put = match of_both.unwrap_or(id).as_secret() {
            Some((namespace, name)) => {
                format!("put the CA into {name} in namespace {namespace} as ca.crt or cacert")
            }
            None => "upload a Secret with ca.crt under this id".to_owned(),
        };
        // A problem names its cure itself.
        let until = if problem.is_some() { "until then " } else { "" };
        let cure = |cure: &str| if problem.is_some() { String::new() } else { format!(": {cure}") };
        let message = match stopgap {
            Stopgap::LastGood => {
                format!("{what}; {until}its last good roots are used on{}", cure(&put))
            }
            Stopgap::WithoutIt => format!("{what}; {until}its clients are refused{}", cure(&put)),
            Stopgap::Former(former) => {
                let former: Vec<String> = former.iter().map(ToString::to_string).collect();
                let former = former.join(", ");
                format!(
                    "{what}; {until}clients are checked against {former} as before{}",
                    cure(&put)
                )
            }
            Stopgap::Nothing(whole) => {
                let cure = cure(&format!("{put}, or {}", claim.cure));
                format!("{what}; {until}{whole} cannot check its clients and is not served{cure}")
            }
        };
        let verdict = match stopgap {
            Stopgap::Nothing(_) => asker.rejected(Reason::CertificateNotFound, message),
            _ => asker.warning(Reason::CertificateNotFound, message),
        };
        self.report(wishes, verdict);
    }
}
