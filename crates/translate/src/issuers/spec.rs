//! `spec` of an Issuer, as far as all kinds share it.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use model::{
    AllowedNames, IssuerKind, KeyChoice, Limited, MaintenanceWindow, OrderLimit, RenewBefore,
};
use serde::Deserialize;
use serde_json::Value;

use super::{Wrong, allowed_name};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    ca: Option<Value>,
    acme: Option<Value>,
    acm: Option<Value>,
    acm_pca: Option<Value>,
    key_type: Option<String>,
    renew_before: Option<String>,
    renewal_window: Option<Window>,
    #[serde(default)]
    allowed_names: Vec<Allowed>,
    #[serde(default)]
    fallback: Vec<String>,
    limits: Option<Vec<Limit>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Window {
    cron: String,
    time_zone: Option<String>,
    duration: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Allowed {
    /// Left out: all.
    #[serde(default)]
    namespaces: Option<Vec<String>>,
    names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Limit {
    count: u32,
    per: String,
    of: String,
}

/// How long a window lasts that does not say.
const WINDOW: Duration = Duration::from_secs(4 * 60 * 60);

impl Spec {
    pub(super) fn read(object: &Value) -> Result<Self, Wrong> {
        let Some(spec) = object.get("spec") else {
            return Err(wrong(
                "spec",
                "spec is missing: write one of spec.ca, spec.acme, spec.acm, spec.acmPca",
            ));
        };
        serde_path_to_error::deserialize(spec).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { "spec".to_owned() } else { format!("spec.{path}") };
            Wrong { message: format!("{field}: {}", error.inner()), field }
        })
    }

    /// The one kind that is written, with its settings.
    pub(super) fn kind(&self) -> Result<(IssuerKind, Value), Wrong> {
        let written = [&self.ca, &self.acme, &self.acm, &self.acm_pca];
        let kinds = IssuerKind::ALL.into_iter().zip(written);
        let mut kinds = kinds.filter_map(|(kind, value)| Some((kind, value.as_ref()?)));
        let Some((kind, settings)) = kinds.next() else {
            return Err(wrong(
                "spec",
                "it says no kind: write one of spec.ca, spec.acme, spec.acm, spec.acmPca",
            ));
        };
        if let Some((other, _)) = kinds.next() {
            let text = format!(
                "spec.{} and spec.{} are both written: an Issuer is of one kind, make two of it",
                kind.field(),
                other.field()
            );
            return Err(wrong(format!("spec.{}", other.field()), text));
        }
        if !settings.is_object() {
            let field = format!("spec.{}", kind.field());
            return Err(wrong(
                field.clone(),
                format!("{field} is no map: write its settings, or {{}} for none"),
            ));
        }
        Ok((kind, settings.clone()))
    }

    pub(super) fn keys(&self) -> Result<KeyChoice, Wrong> {
        match self.key_type.as_deref() {
            None => Ok(KeyChoice::default()),
            Some(text) if text.eq_ignore_ascii_case("ecdsa") => Ok(KeyChoice::Ecdsa),
            Some(text) if text.eq_ignore_ascii_case("rsa") => Ok(KeyChoice::Rsa),
            Some(text) if text.eq_ignore_ascii_case("both") => Ok(KeyChoice::Both),
            Some(other) => Err(wrong(
                "spec.keyType",
                format!("key type {other:?} is unknown: write ECDSA, RSA or Both"),
            )),
        }
    }

    pub(super) fn renew_before(&self) -> Result<RenewBefore, Wrong> {
        const FIELD: &str = "spec.renewBefore";
        let Some(text) = &self.renew_before else { return Ok(RenewBefore::default()) };
        if let Some(percent) = text.strip_suffix('%') {
            let percent = percent.trim().parse().ok().filter(|percent| (1..=99).contains(percent));
            return percent.map(RenewBefore::Percent).ok_or_else(|| {
                wrong(FIELD, format!("{text:?}: write 1% to 99% of the lifetime, as 33%"))
            });
        }
        duration(FIELD, text).map(RenewBefore::Time)
    }

    pub(super) fn window(&self) -> Result<Option<MaintenanceWindow>, Wrong> {
        let Some(window) = &self.renewal_window else { return Ok(None) };
        let fields = window.cron.split_ascii_whitespace().count();
        if fields != 5 {
            let text = format!(
                "{:?} has {fields} fields: write minute, hour, day, month and weekday, as \"0 2 * * *\"",
                window.cron
            );
            return Err(wrong("spec.renewalWindow.cron", text));
        }
        let time_zone = window.time_zone.as_deref().unwrap_or("UTC");
        let lasts = window.duration.as_deref();
        let lasts = lasts.map(|text| duration("spec.renewalWindow.duration", text));
        Ok(Some(MaintenanceWindow {
            cron: window.cron.as_str().into(),
            time_zone: time_zone.into(),
            lasts: lasts.transpose()?.unwrap_or(WINDOW),
        }))
    }

    pub(super) fn allowed(&self) -> Result<Vec<AllowedNames>, Wrong> {
        let rules = self.allowed_names.iter().enumerate().map(|(index, rule)| {
            let place = |at: usize| format!("spec.allowedNames[{index}].names[{at}]");
            let names =
                rule.names.iter().enumerate().map(|(at, text)| {
                    allowed_name(text).map_err(|message| wrong(place(at), message))
                });
            let namespaces = match &rule.namespaces {
                Some(namespaces) => namespaces.iter().map(|name| name.as_str().into()).collect(),
                None => vec!["*".into()],
            };
            Ok(AllowedNames { namespaces, names: names.collect::<Result<_, _>>()? })
        });
        rules.collect()
    }

    /// An empty list is no limit at all.
    pub(super) fn limits(&self) -> Result<Option<Vec<OrderLimit>>, Wrong> {
        let Some(written) = &self.limits else { return Ok(None) };
        let mut limits: Vec<OrderLimit> = Vec::new();
        for (index, limit) in written.iter().enumerate() {
            let field = |name: &str| format!("spec.limits[{index}].{name}");
            if limit.count == 0 {
                let text = "0 allows nothing for ever: write 1 or more";
                return Err(wrong(field("count"), text));
            }
            let per = duration(&field("per"), &limit.per)?;
            let of =
                Limited::ALL.into_iter().find(|of| of.word() == limit.of).ok_or_else(|| {
                    let words = Limited::ALL.map(Limited::word).join(", ");
                    wrong(
                        field("of"),
                        format!("{:?} is not counted: write one of {words}", limit.of),
                    )
                })?;
            if limits.iter().any(|other| (other.of, other.per) == (of, per)) {
                let text = format!("{:?} per {} is limited twice: keep one", limit.of, limit.per);
                return Err(wrong(field("of"), text));
            }
            limits.push(OrderLimit { count: limit.count, per, of });
        }
        Ok(Some(limits))
    }

    pub(super) fn fallback(&self) -> Vec<Arc<str>> {
        self.fallback.iter().map(|name| name.as_str().into()).collect()
    }
}

/// As Kubernetes and Go write them (`720h`, `1h30m`), and days.
fn duration(field: &str, text: &str) -> Result<Duration, Wrong> {
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| {
            wrong(field, format!("{text:?} is no length of time: write it as 720h or 30m"))
        })
}

fn wrong(field: impl Into<String>, message: impl Into<String>) -> Wrong {
    Wrong { field: field.into(), message: message.into() }
}
