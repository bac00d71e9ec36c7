//! `spec.acm` and `spec.acmPca` of an Issuer, as written: strict, with errors that name the field
//! and the cure.

use std::collections::BTreeMap;

use issue::SpecProblem;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Account, Role, acm::RecordPolicy};

/// `spec.acm`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcmSpec {
    /// Left out: what the environment, the profile or the machine say.
    #[serde(default)]
    pub region: Option<String>,
    /// Instead of AWS's own: a VPC endpoint, or a stand-in.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// ARN of a role to act in.
    #[serde(default)]
    pub role: Option<String>,
    /// What the role's trust policy may ask for.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Ids of the hosted zones that validation records are written to; empty: found by name.
    #[serde(default)]
    pub zones: Vec<String>,
    /// For zones of another account.
    #[serde(default)]
    pub zone_role: Option<String>,
    /// ARN of a CA in AWS Private CA whose certificates ACM keeps; left out: Amazon's public CA.
    #[serde(default)]
    pub certificate_authority_arn: Option<String>,
    /// What the tag `elbv2.k8s.aws/cluster` says.
    #[serde(default = "doorward")]
    pub cluster: String,
    /// Further tags for each certificate.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    #[serde(default)]
    pub records: Records,
}

/// What becomes of validation records when their certificate is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Records {
    #[default]
    Keep,
    RemoveUnused,
}

/// `spec.acmPca`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PcaSpec {
    /// Left out: what the environment, the profile or the machine say.
    #[serde(default)]
    pub region: Option<String>,
    /// Instead of AWS's own: a VPC endpoint, or a stand-in.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// ARN of a role to act in.
    #[serde(default)]
    pub role: Option<String>,
    /// What the role's trust policy may ask for.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Of the CA.
    pub arn: String,
    /// ARN of a template; left out: AWS's own for servers.
    #[serde(default)]
    pub template: Option<String>,
    /// How long certificates last.
    #[serde(default = "three_months")]
    pub days: u32,
}

impl AcmSpec {
    /// Reads the value of `spec.acm`.
    pub fn read(value: &Value) -> Result<Self, SpecProblem> {
        read(value, "spec.acm")
    }
}

impl PcaSpec {
    /// Reads the value of `spec.acmPca`.
    pub fn read(value: &Value) -> Result<Self, SpecProblem> {
        const FIELD: &str = "spec.acmPca";
        let spec: Self = read(value, FIELD)?;
        if !spec.arn.contains(":certificate-authority/") {
            let message = format!(
                "{:?} is no ARN of a CA: write arn:aws:acm-pca:…:certificate-authority/…",
                spec.arn
            );
            return Err(SpecProblem::at(format!("{FIELD}.arn"), message));
        }
        if spec.days == 0 {
            return Err(SpecProblem::at(format!("{FIELD}.days"), "is 0: write one day at least"));
        }
        Ok(spec)
    }
}

impl From<Records> for RecordPolicy {
    fn from(records: Records) -> Self {
        match records {
            Records::Keep => Self::Keep,
            Records::RemoveUnused => Self::RemoveUnused,
        }
    }
}

impl AcmSpec {
    /// Finds the credentials.
    pub async fn open(&self) -> Account {
        open(&self.region, &self.endpoint, &self.role, &self.external_id).await
    }
}

impl PcaSpec {
    /// Finds the credentials.
    pub async fn open(&self) -> Account {
        open(&self.region, &self.endpoint, &self.role, &self.external_id).await
    }
}

async fn open(
    region: &Option<String>,
    endpoint: &Option<String>,
    role: &Option<String>,
    external_id: &Option<String>,
) -> Account {
    let role = role.clone().map(|arn| Role { arn, external_id: external_id.clone() });
    Account::open(region.clone(), endpoint.clone(), role).await
}

fn read<T: DeserializeOwned>(value: &Value, field: &str) -> Result<T, SpecProblem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { field.to_owned() } else { format!("{field}.{path}") };
        SpecProblem::at(field, error.into_inner().to_string())
    })
}

fn doorward() -> String {
    "doorward".to_owned()
}

fn three_months() -> u32 {
    90
}

#[cfg(test)]
mod tests;
