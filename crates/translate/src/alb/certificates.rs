//! What a listener's own object says of its certificates: the list and `defaultCertificate`.

use model::{CertificateId, CertificateSource, Reason};

use crate::{
    claim::{DefaultClaim, FixedCertificates, Refused},
    dialect::{Fields, Problems, did_you_mean, nearest},
};

/// `certificates[]`. An empty list says nothing, as no list does.
pub(super) fn list(
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<Result<FixedCertificates, Refused>> {
    let has_default_certificate = fields.asks_for("defaultCertificate");
    let mut faults = Problems::default();
    let mut list = FixedCertificates {
        source: Some(CertificateSource::AlbConfig),
        ..FixedCertificates::default()
    };
    let mut defaults: Vec<CertificateId> = Vec::new();
    for item in fields.children("certificates", "Certificate", &mut faults) {
        // The vendor's message on a quoted IsDefault is the bare decoder's.
        let mut item = item.without_prefix();
        let id = item.text("CertificateId", &mut faults).map(CertificateId::store);
        let is_default = item.boolean("IsDefault", &mut faults).unwrap_or(false);
        match id {
            None => {
                let text = "CertificateId is missing: name an id of the certificate store";
                faults.reject(Reason::InvalidField, item.path_of("CertificateId"), text);
            }
            Some(id) => {
                if is_default && !defaults.contains(&id) {
                    defaults.push(id.clone());
                }
                if !list.ids.contains(&id) {
                    list.ids.push(id);
                }
            }
        }
        item.finish(problems);
    }
    match defaults.as_slice() {
        // `defaultCertificate` switches every IsDefault off.
        _ if has_default_certificate => {}
        [] => {}
        [only] => list.default = Some(only.clone()),
        [first, second, ..] => {
            let text = format!(
                "IsDefault is true for {first} and for {second}; the last good list stays: keep it on one certificate"
            );
            faults.reject(Reason::InvalidField, fields.path_of("certificates"), text);
        }
    }
    let refused = faults.has_rejection();
    problems.append(faults);
    match refused {
        true => Some(Err(Refused)),
        false if list.ids.is_empty() => None,
        false => Some(Ok(list)),
    }
}

/// `defaultCertificate`, which names a store id, or as our extension a Secret.
pub(super) fn default(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<DefaultClaim> {
    let mut block = fields.child("defaultCertificate", "DefaultCertificate", problems)?;
    let field = block.path().to_owned();
    let kind = block.text("kind", problems).unwrap_or("CertIdentifier");
    let id = block.text("certificateId", problems);
    let (namespace, name) = (block.text("namespace", problems), block.text("name", problems));
    block.finish(problems);
    let (id, missing) = match kind {
        "CertIdentifier" => (id.map(CertificateId::store), "certificateId"),
        "Secret" => {
            let id = namespace.zip(name).map(|(space, name)| CertificateId::secret(space, name));
            (id, "namespace and name")
        }
        other => {
            let cure = did_you_mean(nearest(other, ["CertIdentifier", "Secret"]));
            let text = format!(
                "defaultCertificate kind {other} is not supported: use CertIdentifier with certificateId, or Secret with namespace and name; {cure}"
            );
            problems.reject(Reason::InvalidField, format!("{field}.kind"), text);
            return None;
        }
    };
    if id.is_none() {
        let text = format!("defaultCertificate of kind {kind} names no certificate: add {missing}");
        problems.reject(Reason::InvalidField, field.clone(), text);
    }
    Some(DefaultClaim { id: id?, field })
}
