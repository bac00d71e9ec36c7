//! Issuers: whom certificates can be ordered from, by whom and for which names.
//!
//! What an issuer needs to know to do its work stands here as it was written; who makes issuers
//! reads it.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use serde_json::Value;
use zeroize::Zeroizing;

use crate::{Certificate, Name, ObjectRef};

/// One Issuer that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// What wishes call it. `local` is the own CA, unless an object has taken the name.
    pub name: Arc<str>,
    /// The object that declares it; `None` for the own CA that nobody declared.
    pub declared_by: Option<ObjectRef>,
    pub kind: IssuerKind,
    /// `spec.ca`, `spec.acme` and so on, as written.
    pub settings: Arc<Value>,
    /// The Secrets that `settings` names, as far as they are there; all of the store namespace.
    pub secrets: BTreeMap<Arc<str>, IssuerSecret>,
    pub keys: KeyChoice,
    pub renew_before: RenewBefore,
    /// When renewals may be ordered; `None`: at any time.
    pub window: Option<MaintenanceWindow>,
    /// Who may order what; empty: everybody may order everything.
    pub allowed: Vec<AllowedNames>,
    /// Who is asked in turn where it fails.
    pub fallback: Vec<Arc<str>>,
    /// What it allows; `None`: what its CA documents.
    pub limits: Option<Vec<OrderLimit>>,
}

/// So many orders in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderLimit {
    pub count: u32,
    pub per: Duration,
    pub of: Limited,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// All orders of the account.
    Orders,
    /// Orders for names under one registered domain.
    RegisteredDomain,
    /// Orders for the same set of names.
    Names,
    /// Orders of one name that the issuer turned down.
    Failures,
}

impl Limited {
    pub const ALL: [Self; 4] = [Self::Orders, Self::RegisteredDomain, Self::Names, Self::Failures];

    /// As `spec.limits` writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::RegisteredDomain => "registeredDomain",
            Self::Names => "names",
            Self::Failures => "failures",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IssuerKind {
    /// A CA whose key is in hand.
    Ca,
    /// RFC 8555.
    Acme,
    /// AWS Certificate Manager.
    Acm,
    /// AWS Private CA, with keys of our own.
    AcmPca,
}

impl IssuerKind {
    pub const ALL: [Self; 4] = [Self::Ca, Self::Acme, Self::Acm, Self::AcmPca];

    /// Its field of `spec`.
    pub fn field(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Acme => "acme",
            Self::Acm => "acm",
            Self::AcmPca => "acmPca",
        }
    }
}

/// Of which keys a certificate is obtained for each set of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyChoice {
    /// What the issuer makes by itself: ECDSA, but for AWS Certificate Manager.
    #[default]
    Usual,
    Ecdsa,
    Rsa,
    Both,
}

/// How long before its end a certificate is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewBefore {
    /// Of its lifetime.
    Percent(u8),
    Time(Duration),
}

impl Default for RenewBefore {
    /// A third.
    fn default() -> Self {
        Self::Percent(33)
    }
}

/// Times that come again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaintenanceWindow {
    /// When each begins: a cron expression of five fields.
    pub cron: Box<str>,
    /// IANA name of the zone that the expression is read in.
    pub time_zone: Box<str>,
    pub lasts: Duration,
}

/// Namespaces whose objects may ask for names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedNames {
    /// `*` is all of them.
    pub namespaces: Vec<Box<str>>,
    /// A wildcard allows itself and the names of any depth under it; `None` in the list is `*`,
    /// any name.
    pub names: Vec<Option<Name>>,
}

impl Issuer {
    /// Whether an object of this namespace may have a certificate for this name from here.
    pub fn allows(&self, namespace: &str, name: &Name) -> bool {
        self.allowed.is_empty() || self.allowed.iter().any(|rule| rule.allows(namespace, name))
    }
}

impl AllowedNames {
    fn allows(&self, namespace: &str, name: &Name) -> bool {
        let mut namespaces = self.namespaces.iter().map(AsRef::as_ref);
        namespaces.any(|allowed: &str| allowed == "*" || allowed == namespace)
            && self.names.iter().any(|allowed| covers(allowed, name))
    }
}

fn covers(allowed: &Option<Name>, name: &Name) -> bool {
    let Some(allowed) = allowed else { return true };
    let asked = name.wildcard_parent().unwrap_or(name.as_str());
    match allowed.wildcard_parent() {
        None => allowed == name,
        Some(parent) if name.is_wildcard() && asked == parent => true,
        Some(parent) => asked.strip_suffix(parent).is_some_and(|labels| labels.ends_with('.')),
    }
}

/// What a Secret holds that an Issuer names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerSecret {
    /// A certificate with its key: a CA's.
    Pair(Arc<Certificate>),
    Credentials(Arc<Credentials>),
    /// Says why.
    Unusable(Arc<str>),
}

/// What a Secret holds beside certificates: never printed, wiped when dropped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials(pub BTreeMap<Box<str>, Zeroizing<Vec<u8>>>);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(namespaces: &[&str], names: &[&str]) -> AllowedNames {
        let parse = |text: &&str| (*text != "*").then(|| Name::parse(text).unwrap());
        AllowedNames {
            namespaces: namespaces.iter().map(|text| (*text).into()).collect(),
            names: names.iter().map(parse).collect(),
        }
    }

    #[track_caller]
    fn check(rule: &AllowedNames, namespace: &str, name: &str, expected: bool) {
        let name = Name::parse(name).unwrap();
        assert_eq!(rule.allows(namespace, &name), expected, "{namespace} {name}");
    }

    #[test]
    fn a_wildcard_allows_itself_and_what_is_under_it() {
        let rule = rule(&["*"], &["*.example.test", "example.test"]);
        for allowed in ["example.test", "a.example.test", "a.b.example.test", "*.example.test"] {
            check(&rule, "shop", allowed, true);
        }
        check(&rule, "shop", "*.b.example.test", true);
        for refused in ["badexample.test", "example.test.evil", "test", "*.test"] {
            check(&rule, "shop", refused, false);
        }
    }

    #[test]
    fn an_exact_name_allows_no_wildcard() {
        check(&rule(&["*"], &["example.test"]), "shop", "*.example.test", false);
    }

    #[test]
    fn namespaces_are_told_apart() {
        let rule = rule(&["shop", "blog"], &["*"]);
        check(&rule, "shop", "any.where.test", true);
        check(&rule, "other", "any.where.test", false);
    }

    #[test]
    fn credentials_show_their_keys_only() {
        let mut credentials = Credentials::default();
        credentials.0.insert("key".into(), Zeroizing::new(b"hush".to_vec()));
        assert_eq!(format!("{credentials:?}"), r#"{"key"}"#);
    }
}
