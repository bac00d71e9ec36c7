//! Which Secrets a server means, and whether it may have them: a gateway reads those of its own
//! namespace alone, as Istio's rule is.

use model::{CertificateId, Reason};

use super::gateway::{Credential, GatewayPlan, ServerPlan};
use crate::{
    dialect::{Problem, Problems},
    settings::Mesh,
};

/// A server that may be served, with the ids of what it names.
#[derive(Clone, Debug)]
pub(super) struct Admitted<'a> {
    pub gateway: &'a GatewayPlan,
    pub server: &'a ServerPlan,
    /// One for each credential of its TLS, if it has any.
    pub certificates: Vec<CertificateId>,
}

/// `None` with a rejection among the problems.
pub(super) fn admit<'a>(
    gateway: &'a GatewayPlan,
    server: &'a ServerPlan,
    mesh: &Mesh,
    problems: &mut Problems,
) -> Option<Admitted<'a>> {
    let own = server.termination().map_or(&[][..], |termination| &termination.credentials);
    let own = own.iter().map(|credential| id(credential, server, mesh, problems));
    let certificates: Option<Vec<CertificateId>> = own.collect();
    let client = server.termination().and_then(|termination| termination.client.as_ref());
    if let Some(ca) = client.and_then(|client| client.ca.as_ref()) {
        id(ca, server, mesh, problems)?;
    }
    Some(Admitted { gateway, server, certificates: certificates? })
}

/// The Secret that a credential is.
pub(super) fn secret(credential: &Credential, mesh: &Mesh) -> CertificateId {
    CertificateId::secret(&mesh.gateway_namespace, &credential.name)
}

fn id(
    credential: &Credential,
    server: &ServerPlan,
    mesh: &Mesh,
    problems: &mut Problems,
) -> Option<CertificateId> {
    let Mesh { gateway_namespace: own, asm_strict_names, .. } = mesh;
    let Credential { field, namespace, name } = credential;
    let field = format!("{}.{field}", server.field);
    if let Some(other) = namespace.as_ref().filter(|namespace| *namespace != own) {
        let text = format!(
            "Secret {other}/{name} is another namespace's, and a gateway reads those of its own alone, {own}: put it there and write {name}, or set mesh.gatewayNamespace"
        );
        problems.push(Problem::rejection(Reason::InvalidField, field, text));
        return None;
    }
    if let Some(prefix) = forbidden_prefix(name) {
        let what =
            format!("Alibaba's service mesh allows no Secret whose name begins with {prefix}");
        if *asm_strict_names {
            let text = format!("{what}: rename {name}, or switch mesh.asmStrictNames off");
            problems.push(Problem::rejection(Reason::InvalidField, field, text));
            return None;
        }
        let text =
            format!("{what}; {own}/{name} is used all the same: rename it if both must agree");
        problems.push(Problem::warning(Reason::InvalidField, field, text));
    }
    Some(secret(credential, mesh))
}

/// Reserved since the agents of Istio before 1.8.
fn forbidden_prefix(name: &str) -> Option<&'static str> {
    ["istio", "prometheus"].into_iter().find(|prefix| name.starts_with(prefix))
}
