//! The TLS of one server: its certificates, and what its clients' are checked against.

use std::sync::Arc;

use model::{CertificateId, Name, resource::ca_secret};

use super::{
    admit::{self, Admitted},
    gateway::Termination,
};
use crate::{
    claim::{CertificateClaim, ClientCaClaim, TlsClaim, TlsMember},
    settings::Mesh,
};

/// `names` is what the server answers for; none: any.
pub(super) fn tls(
    admitted: &Admitted<'_>,
    termination: &Termination,
    names: &[Name],
    mesh: &Mesh,
) -> TlsClaim {
    let Admitted { gateway, server, certificates } = admitted;
    let members = termination.credentials.iter().zip(certificates).map(|(credential, id)| {
        Arc::new(TlsMember {
            object: gateway.subject.object.clone(),
            origin: gateway.subject.origin.clone(),
            field: server.field.clone(),
            certificate_field: credential.field.clone().into(),
            hosts: names.to_vec(),
            certificate: Some(id.clone()),
            issuer: gateway.issuer.clone(),
            as_one: false,
        })
    });
    TlsClaim {
        versions: termination.versions,
        ciphers: termination.ciphers.clone(),
        http2: true,
        client_ca: client_ca(admitted, termination, mesh),
        certificates: CertificateClaim {
            members: members.collect(),
            on_delete: gateway.on_delete.unwrap_or(mesh.on_delete),
            ..CertificateClaim::default()
        },
    }
}

/// A Secret called as the credential with `-cacert` behind goes before the credential's own CA,
/// as in Istio.
fn client_ca(
    admitted: &Admitted<'_>,
    termination: &Termination,
    mesh: &Mesh,
) -> Option<ClientCaClaim> {
    let client = termination.client.as_ref()?;
    let (credential, id, instead) = match &client.ca {
        Some(ca) => (ca, admit::secret(ca, mesh), None),
        None => {
            let first = termination.credentials.first()?;
            let separate = ca_secret(&first.name);
            let separate = CertificateId::secret(&mesh.gateway_namespace, &separate);
            (first, separate, Some(admit::secret(first, mesh)))
        }
    };
    let checks = &client.checks;
    Some(ClientCaClaim {
        ids: vec![id],
        fields: vec![format!("{}.{}", admitted.server.field, credential.field)],
        instead,
        cure: "write tls.mode SIMPLE",
        demand: client.demand,
        names: checks.names.clone(),
        key_pins: checks.key_pins.clone(),
        certificate_pins: checks.certificate_pins.clone(),
        is_lenient: checks.is_lenient,
    })
}
