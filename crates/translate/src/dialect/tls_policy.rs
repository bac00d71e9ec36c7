//! TLS security policies by name. rustls offers TLS 1.3, and TLS 1.2 with ECDHE and AEAD; each
//! policy is mapped to the nearest of that, and a verdict says what its name promises beyond.

use model::{Reason, TlsVersions};

use super::problem::{Problems, did_you_mean, nearest};

pub(crate) struct TlsPolicy {
    pub name: &'static str,
    pub versions: TlsVersions,
    /// Promised and not offered.
    pub missing: Option<&'static str>,
}

/// The policies of one vendor.
pub(crate) struct TlsPolicies {
    /// Whose they are.
    pub vendor: &'static str,
    /// What the vendor's own controller says of a name that it does not know, up to that name.
    pub unknown: Option<&'static str>,
    pub policies: &'static [TlsPolicy],
    /// Offers all that there is here.
    pub best: &'static str,
}

impl TlsPolicies {
    /// Nothing written asks for no restriction; nobody is told what the vendor's default lacks.
    pub fn versions(
        &self,
        written: Option<&str>,
        field: &str,
        problems: &mut Problems,
    ) -> TlsVersions {
        let Some(written) = written else { return TlsVersions::V12AndV13 };
        let Some(policy) = self.policies.iter().find(|policy| policy.name == written) else {
            let names = self.policies.iter().map(|policy| policy.name);
            let cure = did_you_mean(nearest(written, names));
            let unknown = match self.unknown {
                Some(vendors) => format!("{vendors}{written}"),
                None => format!("security policy {written} is not known here"),
            };
            let text = format!(
                "{unknown}; TLS 1.2 and 1.3 are offered with forward secrecy: name one of {}'s own policies; {cure}",
                self.vendor
            );
            problems.warn(Reason::NotHonoured, field, text);
            return TlsVersions::V12AndV13;
        };
        if let Some(missing) = policy.missing {
            let best = self.best;
            let text = format!("{written}: {missing}; write {best} if all clients can do without");
            problems.warn(Reason::NotHonoured, field, text);
        }
        policy.versions
    }
}
