//! The shape of a case file.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Deserialize;

use super::facts::Facts;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    #[expect(dead_code, reason = "for the reader of the file")]
    pub description: String,
    /// A file under `testdata/base` whose certificates and objects come first.
    base: Option<String>,
    #[serde(default)]
    pub settings: SettingsPart,
    /// Server names to try on every TLS listener; `-` sends none.
    #[serde(default)]
    pub ask: Vec<String>,
    /// More to show than listeners, verdicts and wants.
    #[serde(default)]
    pub show: BTreeSet<Show>,
    #[serde(default)]
    pub certificates: Vec<Facts>,
    #[serde(default)]
    pub objects: String,
    pub steps: Vec<Step>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub enum Show {
    Rules,
    /// Rules with all that they say.
    Details,
    /// When time alone changes the answer.
    NextChange,
    /// The address of each listener, and its load balancer's read-only mode.
    Addresses,
    ClientCa,
    /// What a listener asks of clients and allows them.
    Settings,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingsPart {
    pub default_issuer: Option<String>,
    #[serde(default)]
    pub port_map: BTreeMap<u16, u16>,
    #[serde(default)]
    pub addresses: BTreeMap<String, std::net::IpAddr>,
    pub only: Option<Vec<String>>,
    #[serde(default)]
    pub retain_removed_settings: bool,
    #[serde(default)]
    pub mesh: MeshPart,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeshPart {
    pub gateway_namespace: Option<String>,
    pub workload: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub asm_strict_names: bool,
    /// `onDelete: withdraw`.
    #[serde(default)]
    pub withdraws: bool,
}

/// Changes something and says what must come of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    pub name: String,
    /// Time since the case began, as `+41d`.
    pub now: Option<String>,
    /// Only what the state folder keeps of the memory survives.
    #[serde(default)]
    pub restart: bool,
    /// Another reconcile without any change of objects that matters.
    #[serde(default)]
    pub reconcile: bool,
    #[serde(default)]
    pub certificates: Vec<Facts>,
    #[serde(default)]
    pub objects: String,
    /// `756-cn-hangzhou`, `Secret shop/tls-a`, `Ingress shop/web`.
    #[serde(default)]
    pub delete: Vec<String>,
    #[serde(default)]
    pub console: ConsolePart,
    #[serde(default)]
    pub expect: String,
}

/// Verbs of the console; keyed by listener or load balancer.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsolePart {
    #[serde(default)]
    pub read_only: BTreeMap<String, bool>,
    #[serde(default)]
    pub set_default: BTreeMap<String, String>,
    #[serde(default)]
    pub add: BTreeMap<String, String>,
    #[serde(default)]
    pub remove: BTreeMap<String, String>,
    /// The edits of this step stand until they are taken out.
    #[serde(default)]
    pub standing: bool,
    /// All certificates added and removed before are taken out, and Defaults are no longer fresh.
    #[serde(default)]
    pub take_out: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Base {
    #[serde(default)]
    certificates: Vec<Facts>,
    #[serde(default)]
    objects: String,
}

impl Case {
    pub fn parse(file: &Path, text: &str) -> Self {
        let mut case: Self = serde_saphyr::from_str(text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if let Some(base) = &case.base {
            let path = file.parent().unwrap().with_file_name("base").join(base);
            let path = path.with_extension("yaml");
            let text = std::fs::read_to_string(&path).unwrap();
            let mut base: Base = serde_saphyr::from_str(&text).unwrap();
            base.certificates.append(&mut case.certificates);
            case.certificates = base.certificates;
            case.objects = format!("{}\n---\n{}", base.objects, case.objects);
        }
        case
    }
}
