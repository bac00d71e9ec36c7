//! What was made, looked at as those will who have to trust it. A mistake here costs a message;
//! on the machines it would cost the cluster.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    server::WebPkiClientVerifier,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{Above, AuthorityMaterial, LeafMaterial, MakeError, private_key};
use crate::{
    certificate::Certificate,
    plan::{AuthorityPlan, LeafPlan},
};

/// The authority has its key, signs itself, keeps or changes what it should, and ends on time.
pub(super) fn authority(made: &AuthorityMaterial, wanted: &AuthorityPlan) -> Result<(), MakeError> {
    let wrong = |why: &str| MakeError::Wrong { what: wanted.subject.clone(), why: why.to_owned() };
    let (old, new) = (&made.old, &made.new);
    if !private_key(&made.key, &wanted.subject)?.is_key_of(new) {
        return Err(wrong("its key is another one's"));
    }
    if !new.is_issued_by(new) || !new.is_ca {
        return Err(wrong("it does not sign itself as an authority"));
    }
    if wanted.successor.is_some() {
        return Ok(());
    }
    if new.not_after.as_second() != wanted.not_after.as_second() {
        return Err(wrong("it ends on another day than planned"));
    }
    if wanted.same_key && !new.is_same_authority(old) {
        return Err(wrong("its name or key is no longer the old one"));
    }
    if !wanted.same_key && new.subject_der == old.subject_der {
        return Err(wrong("it has the name of the old one"));
    }
    match &made.cross {
        Some(cross) if !cross.is_issued_by(old) || !cross.is_same_authority(new) => {
            Err(wrong("the old one does not vouch for it"))
        }
        // Go asks this of roots too; the verifier below does not.
        Some(_) if old.path_length == Some(0) => {
            Err(wrong("the old one allows no authority below itself"))
        }
        None if wanted.cross_signed => Err(wrong("the old one does not vouch for it")),
        _ => Ok(()),
    }
}

/// The leaf has its key, lacks nothing that the old one had, and is accepted from now to its end
/// by those who trust its authority, as well as by those who still trust the old one where that
/// is what the plan counts on.
pub(super) fn leaf(
    wanted: &LeafPlan,
    made: &LeafMaterial,
    above: &Above,
    now: Timestamp,
) -> Result<(), MakeError> {
    let wrong = |why: String| MakeError::Wrong { what: wanted.id.clone(), why };
    let (old, new) = (&made.old, &made.new);
    if !private_key(&made.key, &wanted.id)?.is_key_of(new) {
        return Err(wrong("its key is another one's".into()));
    }
    if new.subject_der != old.subject_der {
        return Err(wrong("its subject is not the old one's".into()));
    }
    let added = wanted.added_names.iter().cloned();
    let names = old.names.iter().cloned().chain(added);
    if let Some(name) = names.into_iter().find(|name| !new.names.contains(name)) {
        return Err(wrong(format!("it lacks the name {name}")));
    }
    let (had, has) = (old.usages, new.usages);
    if (had.server && !has.server) || (had.client && !has.client) {
        return Err(wrong("it may be used for less than the old one".into()));
    }
    let ends = new.not_after - SignedDuration::from_secs(1);
    for when in [now, (now + SignedDuration::from_hours(24)).min(ends), ends] {
        accepted(new, &[], &above.certificate, when).map_err(wrong)?;
    }
    if let Some((cross, root)) = &above.crossed {
        let ends = cross.not_after.min(new.not_after) - SignedDuration::from_secs(1);
        for when in [now, ends] {
            accepted(new, std::slice::from_ref(&cross.der), root, when).map_err(wrong)?;
        }
    }
    Ok(())
}

/// What a handshake would say.
fn accepted(
    leaf: &Certificate,
    between: &[CertificateDer<'static>],
    root: &Certificate,
    when: Timestamp,
) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.der.clone()).map_err(|error| error.to_string())?;
    let roots = Arc::new(roots);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let since = u64::try_from(when.as_second()).map_err(|_| "it ends before 1970".to_owned())?;
    let moment = UnixTime::since_unix_epoch(std::time::Duration::from_secs(since));
    if leaf.usages.client {
        return WebPkiClientVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|error| error.to_string())?
            .verify_client_cert(&leaf.der, between, moment)
            .map(drop)
            .map_err(|error| format!("as a client at {when}: {error}"));
    }
    let Some(name) = leaf.names.iter().find_map(|name| ServerName::try_from(name.clone()).ok())
    else {
        return Ok(());
    };
    WebPkiServerVerifier::builder_with_provider(roots, provider)
        .build()
        .map_err(|error| error.to_string())?
        .verify_server_cert(&leaf.der, between, &name, &[], moment)
        .map(drop)
        .map_err(|error| format!("as a server at {when}: {error}"))
}
