//! The TLS of one server: its certificates, and what its clients' are checked against.

use std::sync::Arc;

use model::{CertificateId, Name};

use super::{
    admit::{self, Admitted},
    gateway::{Credential, Termination},
};
use crate::{
    Settings, World,
    claim::{CertificateClaim, ClientCaClaim, TlsClaim, TlsMember},
    world::Key,
};
use model::resource::ca_secret;

const CA_CURE: &str = "create the Secret with ca.crt or cacert, or write tls.mode SIMPLE";

/// `names` is what the server answers for; none: any.
pub(super) fn tls(
    admitted: &Admitted<'_>,
    termination: &Termination,
    names: &[Name],
    world: &World,
    settings: &Settings,
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
        client_ca: client_ca(admitted, termination, world, settings),
        certificates: CertificateClaim {
            members: members.collect(),
            on_delete: gateway.on_delete.unwrap_or(settings.mesh.on_delete),
            ..CertificateClaim::default()
        },
    }
}

fn client_ca(
    admitted: &Admitted<'_>,
    termination: &Termination,
    world: &World,
    settings: &Settings,
) -> Option<ClientCaClaim> {
    let client = termination.client.as_ref()?;
    let (credential, id) = match &client.ca {
        Some(ca) => (ca, admit::secret(ca, &settings.mesh)),
        None => {
            let first = termination.credentials.first()?;
            (first, ca_of(first, world, settings))
        }
    };
    let checks = &client.checks;
    Some(ClientCaClaim {
        ids: vec![id],
        fields: vec![format!("{}.{}", admitted.server.field, credential.field)],
        cure: CA_CURE,
        demand: client.demand,
        names: checks.names.clone(),
        key_pins: checks.key_pins.clone(),
        certificate_pins: checks.certificate_pins.clone(),
        is_lenient: checks.is_lenient,
    })
}

/// A Secret called as the credential with `-cacert` behind goes before the credential's own CA,
/// as in Istio. Where neither is there it is the former that is missed.
fn ca_of(credential: &Credential, world: &World, settings: &Settings) -> CertificateId {
    let namespace = &settings.mesh.gateway_namespace;
    let secret = |name: &str| world.secrets.get(&Key::new(namespace, name));
    let separate = ca_secret(&credential.name);
    let has_own = secret(&credential.name).is_some_and(|own| !own.body.roots.is_empty());
    match secret(&separate).is_none() && has_own {
        true => CertificateId::secret(namespace, &credential.name),
        false => CertificateId::secret(namespace, &separate),
    }
}
