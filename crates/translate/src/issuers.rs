//! The Issuers of a World: which there are, what all kinds of them have in common, and what is
//! wrong with them. What only one kind knows of is read by whoever makes such issuers.

mod spec;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{
    Issuer, IssuerKind, IssuerSecret, KeyChoice, Name, ObjectRef, Reason, RenewBefore, Verdict,
};
use serde_json::Value;

use crate::{
    Settings, World,
    dialect::{did_you_mean, nearest},
    world::{self, Object, Objects},
};
use spec::Spec;

/// The own CA, which is there without any object.
const LOCAL: &str = "local";

/// Who can be asked for certificates.
#[derive(Debug, Default)]
pub struct Issuers {
    known: BTreeMap<Arc<str>, Arc<Issuer>>,
    /// Objects that cannot be used: a wish for one of them is told so, and not that there is none.
    refused: BTreeSet<Arc<str>>,
}

impl Issuers {
    /// The Issuers of a World, and a verdict or more on each of its objects.
    pub fn of(world: &World, settings: &Settings) -> (Self, Vec<Verdict>) {
        let mut issuers = Self::default();
        let mut verdicts = Vec::new();
        let secrets = Secrets { world, namespace: &settings.store_namespace };
        for object in world.issuers.values() {
            let read = Spec::read(&object.body.0).and_then(|spec| issuer(object, &spec, &secrets));
            let verdict = match read {
                Ok(issuer) => {
                    issuers.known.insert(issuer.name.clone(), Arc::new(issuer));
                    Verdict::accepted(object.reference.clone())
                }
                Err(wrong) => {
                    issuers.refused.insert(object.reference.name.clone());
                    let reference = object.reference.clone();
                    Verdict::rejected(reference, Reason::InvalidField, wrong.message)
                        .at(wrong.field)
                }
            };
            verdicts.push(verdict.from_origin(object.origin.clone()));
        }
        if !issuers.refused.contains(LOCAL) {
            issuers.known.entry(LOCAL.into()).or_insert_with(|| Arc::new(own_ca()));
        }
        verdicts.extend(issuers.check_fallbacks(world));
        verdicts.extend(issuers.check_default(settings));
        (issuers, verdicts)
    }

    pub fn find(&self, name: &str) -> Option<&Arc<Issuer>> {
        self.known.get(name)
    }

    /// Sorted by name.
    pub fn all(&self) -> Vec<Arc<Issuer>> {
        self.known.values().cloned().collect()
    }

    /// What to say to who asks an issuer that cannot be asked.
    pub fn absence(&self, name: &str) -> String {
        if self.refused.contains(name) {
            return format!(
                "Issuer {name} cannot be used, so nothing is ordered: see its own verdict"
            );
        }
        let known: Vec<&str> = self.known.keys().map(AsRef::as_ref).collect();
        let cure = match nearest(name, known.iter().copied()) {
            Some(near) => did_you_mean(Some(near)),
            None => format!("use one of {}, or create it", known.join(", ")),
        };
        format!("issuer {name} does not exist, so nothing is ordered: {cure}")
    }

    /// Told even while no host needs it: the first that does would be without a certificate.
    fn check_default(&self, settings: &Settings) -> Option<Verdict> {
        let name = settings.default_issuer.as_deref()?;
        if self.find(name).is_some() {
            return None;
        }
        let settings = ObjectRef::cluster("Settings", "doorward.yaml");
        let verdict = Verdict::rejected(settings, Reason::IssuerNotFound, self.absence(name));
        Some(verdict.at("defaultIssuer"))
    }

    fn check_fallbacks(&self, world: &World) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for issuer in self.known.values() {
            let Some(object) = &issuer.declared_by else { continue };
            let key = world::Key::new("", &issuer.name);
            let origin = world.issuers.get(&key).and_then(|object| object.origin.clone());
            for (index, name) in issuer.fallback.iter().enumerate() {
                let message = match self.known.get(name) {
                    None => format!("{name} is passed over: {}", self.absence(name)),
                    Some(_) if *name == issuer.name => {
                        format!("{name} is the Issuer itself and is passed over: name another one")
                    }
                    Some(_) => continue,
                };
                verdicts.push(
                    Verdict::warning(object.clone(), Reason::IssuerNotFound, message)
                        .at(format!("spec.fallback[{index}]"))
                        .from_origin(origin.clone()),
                );
            }
        }
        verdicts
    }
}

/// A field of an Issuer that cannot be used.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    field: String,
    message: String,
}

/// The Secrets that Issuers may name: those of the store namespace.
struct Secrets<'a> {
    world: &'a World,
    namespace: &'a Arc<str>,
}

impl Secrets<'_> {
    fn find(&self, name: &str) -> Option<(Arc<str>, IssuerSecret)> {
        let key = world::Key { namespace: self.namespace.clone(), name: name.into() };
        let secret = &self.world.secrets.get(&key)?.body;
        let held = match (&secret.pair, &secret.credentials) {
            (Ok(pair), _) => IssuerSecret::Pair(pair.clone()),
            (Err(_), Some(credentials)) => IssuerSecret::Credentials(credentials.clone()),
            (Err(problem), None) => IssuerSecret::Unusable(problem.to_string().into()),
        };
        Some((key.name, held))
    }
}

fn issuer(
    object: &Object<world::Issuer>,
    spec: &Spec,
    secrets: &Secrets<'_>,
) -> Result<Issuer, Wrong> {
    let (kind, settings) = spec.kind()?;
    let mut named = BTreeSet::new();
    secrets_in(&settings, &mut named);
    Ok(Issuer {
        name: object.reference.name.clone(),
        declared_by: Some(object.reference.clone()),
        kind,
        secrets: named.into_iter().filter_map(|name| secrets.find(name)).collect(),
        keys: spec.keys()?,
        renew_before: spec.renew_before()?,
        window: spec.window()?,
        allowed: spec.allowed()?,
        fallback: spec.fallback(),
        limits: spec.limits()?,
        settings: Arc::new(settings),
    })
}

/// The Secrets that an Issuer's settings name, be these good or bad: by `secret: {name}` or any
/// field that ends in `Secret`, or by `secretName`, at any depth.
pub(crate) fn secrets_in<'a>(settings: &'a Value, named: &mut BTreeSet<&'a str>) {
    match settings {
        Value::Object(map) => {
            for (field, value) in map {
                if field == "secretName" {
                    named.extend(value.as_str());
                } else if field == "secret" || field.ends_with("Secret") {
                    named.extend(value.get("name").and_then(Value::as_str));
                }
                secrets_in(value, named);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| secrets_in(item, named)),
        _ => {}
    }
}

/// The Issuers of one kind, good or bad, by name, each with its settings as written.
pub(crate) fn of_kind(
    issuers: &Objects<world::Issuer>,
    kind: IssuerKind,
) -> impl Iterator<Item = (&Arc<str>, &Value)> {
    issuers.iter().filter_map(move |(key, object)| {
        Some((&key.name, object.body.0.get("spec")?.get(kind.field())?))
    })
}

fn own_ca() -> Issuer {
    Issuer {
        name: LOCAL.into(),
        declared_by: None,
        kind: IssuerKind::Ca,
        settings: Arc::new(Value::Object(serde_json::Map::new())),
        secrets: BTreeMap::new(),
        keys: KeyChoice::default(),
        renew_before: RenewBefore::default(),
        window: None,
        allowed: Vec::new(),
        fallback: Vec::new(),
        limits: None,
    }
}

/// `*`, or a name.
fn allowed_name(text: &str) -> Result<Option<Name>, String> {
    match text {
        "*" => Ok(None),
        text => Name::parse(text).map(Some).map_err(|error| format!("{text:?}: {error}")),
    }
}

#[cfg(test)]
mod tests;
