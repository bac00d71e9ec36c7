//! Certificates that are named by ARN, and those that an Ingress has AWS make.

use model::{Arn, CertificateId, Name};

use crate::route::{Plan, Reader};

/// What an Ingress says of its certificates, in the order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Certificates {
    /// The first of the first Ingress of a listener is its Default.
    Named { named: Vec<Named>, field: String },
    /// `create-acm-cert`, or `acm-pca-arn` with the CA that it names.
    Managed { hosts: Vec<Name>, ca: Option<Box<str>>, field: String },
    /// Whatever the store has for the hosts.
    Discovered,
}

/// One that the Ingress, or its class, names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub id: CertificateId,
    /// Where it is named so.
    pub arn: Option<Arn>,
}

const NAMED: &str = "certificate-arn";
const MANAGED: &str = "create-acm-cert";
const CA: &str = "acm-pca-arn";

/// `of_class`: what the class names, which beats the annotations.
pub(super) fn read(
    reader: &mut Reader<'_>,
    plan: &Plan,
    of_class: Option<&[Named]>,
) -> Certificates {
    let named: Vec<Named> = reader
        .list(NAMED)
        .into_iter()
        .map(self::named)
        .collect::<Option<_>>()
        .unwrap_or_else(|| {
            reader.reject(NAMED, "this is no list of certificates: write ARNs, divided by commas");
            Vec::new()
        });
    let managed = reader.flag(MANAGED).unwrap_or(false);
    let ca = reader.text(CA).map(Box::from);
    if ca.is_some() && !managed {
        reader.warn(CA, format!("{CA} has no effect without {MANAGED} \"true\": add it"));
    }
    if let Some(of_class) = of_class.filter(|named| !named.is_empty()) {
        for name in [NAMED, MANAGED] {
            if reader.text(name).is_some_and(|value| value != "false") {
                reader.warn(name, format!("{name} has no effect: the IngressClassParams of the class name certificates, which come first"));
            }
        }
        return Certificates::Named {
            named: of_class.to_vec(),
            field: "spec.ingressClassName".into(),
        };
    }
    if !named.is_empty() {
        if managed {
            reader.warn(
                MANAGED,
                format!(
                    "{MANAGED} has no effect beside {NAMED}, which comes first: remove one of them"
                ),
            );
        }
        return Certificates::Named { named, field: reader.field(NAMED) };
    }
    if !managed {
        return Certificates::Discovered;
    }
    let hosts = hosts(plan);
    if hosts.is_empty() {
        reader.reject(MANAGED, format!("{MANAGED} is on, but the Ingress names no host that a certificate could be for: add one to spec.rules or spec.tls"));
        return Certificates::Discovered;
    }
    Certificates::Managed { hosts, ca, field: reader.field(MANAGED) }
}

/// Of an ARN, what follows its last slash: a label, which gives a Secret its id in the store, has
/// no room for more. Other texts are ids as they are.
pub(super) fn named(text: &str) -> Option<Named> {
    let id = match text.starts_with("arn:") {
        true => text.rsplit_once('/')?.1,
        false => text,
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let is_id = !id.is_empty() && id.bytes().all(fits);
    is_id.then(|| Named { id: CertificateId::store(id), arn: Arn::parse(text) })
}

/// Of all rules and TLS entries, sorted, each once.
pub(super) fn hosts(plan: &Plan) -> Vec<Name> {
    let wishes = plan.tls.entries.iter().chain(&plan.tls.rule_hosts);
    let mut hosts: Vec<Name> = wishes.flat_map(|member| &member.hosts).cloned().collect();
    hosts.sort();
    hosts.dedup();
    hosts
}
