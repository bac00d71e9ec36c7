//! The mesh's part of the settings: which gateway this process is to Istio's objects.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Deserialize;
use translate::{claim::OnDelete, settings};

use super::{FILE_NAME, check_namespace, is_label};

/// `mesh`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Mesh {
    /// Where the mesh's gateways run, and where `credentialName` is looked up for them.
    pub gateway_namespace: Option<String>,
    /// What the load balancer of Istio's objects is called.
    pub name: Option<String>,
    /// Left out, every Gateway's `selector` fits.
    pub workload: Option<Workload>,
    /// Secret names that Alibaba's service mesh forbids reject their server.
    pub asm_strict_names: bool,
    pub on_delete: Option<Policy>,
}

/// `mesh.workload`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Workload {
    pub labels: BTreeMap<String, String>,
}

/// What becomes of a certificate whose Secret is deleted while it is served.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    KeepLastGood,
    Withdraw,
}

/// With defaults for what is not written.
pub fn settings(written: Option<&Mesh>) -> Result<settings::Mesh> {
    let mut mesh = settings::Mesh::default();
    let Some(written) = written else { return Ok(mesh) };
    if let Some(namespace) = &written.gateway_namespace {
        check_namespace("mesh.gatewayNamespace", namespace)?;
        mesh.gateway_namespace = namespace.as_str().into();
    }
    if let Some(name) = &written.name {
        ensure!(
            is_label(name),
            "mesh.name in {FILE_NAME}: {name:?} names no load balancer: write 1-63 of a-z, 0-9 and '-'"
        );
        mesh.name = name.as_str().into();
    }
    mesh.workload = written.workload.as_ref().map(|workload| workload.labels.clone());
    mesh.asm_strict_names = written.asm_strict_names;
    mesh.on_delete = match written.on_delete {
        None => mesh.on_delete,
        Some(Policy::KeepLastGood) => OnDelete::KeepLastGood,
        Some(Policy::Withdraw) => OnDelete::Withdraw,
    };
    Ok(mesh)
}

#[cfg(test)]
mod tests;
