//! All that follows from one Service alone; kept as long as the object stays the same.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use model::{AccessList, AccessMode, Balancing, Dialect, Reason, Verdict};

use super::{
    pool,
    ports::{self, PortPlan},
};
use crate::{
    claim::{CertificateClaim, DefaultClaim, OnDelete},
    dialect::{Problem, Problems, Subject},
    elb::{
        balancer::{self, Balancer, Class},
        certificates, keys,
        settings::ListenerSettings,
        standing::Reading,
    },
    route::{Annotations, ELB_PREFIX, OWN_PREFIX, Reader, field, parse_net},
    world::Object,
};

/// They make a Service ours whatever its type: nobody else knows these.
const LAYER_7: &[&str] = &["protocol-port", "cert-id"];
/// The class of the open-source controller for the same cloud.
const OPEN_SOURCE: &str = "huaweicloud.com/elb";
/// The first words are the vendor's.
const NO_BALANCER: &str = "kubernetes.io/elb.id and loadBalancerIP cannot both be empty: name a load balancer by kubernetes.io/elb.id, or let kubernetes.io/elb.autocreate make one";

#[derive(Clone, Debug)]
pub(super) struct ServicePlan {
    pub subject: Subject,
    /// `None` where nothing of the Service can be served.
    pub served: Option<Served>,
    pub verdicts: Vec<Verdict>,
    /// What is refused of it, whether anything else is served or not.
    refused: Vec<Problem>,
}

/// What a Service that can be served asks for.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub balancer: Arc<str>,
    /// At least one.
    pub listeners: Vec<PortPlan>,
    pub settings: ListenerSettings,
    pub balancing: Balancing,
    /// Forwarding is replaced by an echo of the request's facts.
    pub echo: bool,
    pub client_ca_field: String,
    /// Of all its HTTPS listeners.
    pub certificates: CertificateClaim,
}

impl ServicePlan {
    pub fn read(object: &Object<Service>) -> Self {
        let empty = ServiceSpec::default();
        let spec = object.body.spec.as_ref().unwrap_or(&empty);
        let subject = Subject {
            object: object.reference.clone(),
            origin: object.origin.clone(),
            dialect: Dialect::Elb,
        };
        let written = object.body.metadata.annotations.as_ref();
        let annotations = Annotations::of(written, Dialect::Elb);
        let mut reader = Reader::new(&annotations);
        keys::check(&mut reader, keys::On::Service);
        keys::check_host_network(&mut reader);
        let (served, mut problems) = Draft { spec, subject: &subject, reader }.finish();
        let refused = problems.rejections().cloned().collect();
        if served.is_some() {
            problems.soften();
        }
        let verdicts = problems.into_verdicts(&subject);
        Self { subject, served, verdicts, refused }
    }
}

impl Reading for ServicePlan {
    fn refused(&self) -> &[Problem] {
        &self.refused
    }

    fn is_served(&self) -> bool {
        self.served.is_some()
    }
}

/// A Service while it is read.
struct Draft<'a> {
    spec: &'a ServiceSpec,
    subject: &'a Subject,
    reader: Reader<'a>,
}

impl Draft<'_> {
    /// A fault of one port costs that port; any other costs the Service.
    fn finish(mut self) -> (Option<Served>, Problems) {
        let mut problems = std::mem::take(&mut self.reader.problems);
        let mut listeners = ports::read(&mut self.reader, self.spec);
        let certificates = self.certificates(&mut listeners);
        let of_ports = std::mem::take(&mut self.reader.problems);

        self.check_type();
        let address = self.spec.load_balancer_ip.as_deref().filter(|address| !address.is_empty());
        let balancer = balancer::read(&mut self.reader, &self.subject.object, address, NO_BALANCER);
        let class = balancer.as_ref().map_or(Class::Performance, |balancer| balancer.class);
        let asks_for_https = ports::asks_for_https(&self.reader);
        let mut settings = ListenerSettings::read(&mut self.reader, class, asks_for_https);
        self.source_ranges(&mut settings);
        let balancing = pool::read(&mut self.reader);
        let refused = self.reader.problems.has_rejection();
        let echo = own_annotations(&mut self.reader);
        let client_ca_field = self.reader.field("client-ca-cert-id");
        problems.append(of_ports);
        problems.append(self.reader.finish());

        let balancer = balancer.filter(|_| !refused && !listeners.is_empty());
        let served = balancer.map(|Balancer { name, .. }| Served {
            balancer: name,
            listeners,
            settings,
            balancing,
            echo,
            client_ca_field,
            certificates,
        });
        (served, problems)
    }

    fn check_type(&mut self) {
        let problems = &mut self.reader.problems;
        let kind = self.spec.type_.as_deref().unwrap_or("ClusterIP");
        if kind != "LoadBalancer" {
            let text = format!(
                "type {kind} opens no listener: write type: LoadBalancer, or remove the annotations {ELB_PREFIX}*"
            );
            problems.reject(Reason::InvalidField, "spec.type", text);
        }
        if self.spec.load_balancer_class.as_deref() == Some(OPEN_SOURCE) {
            let text = format!(
                "{OPEN_SOURCE} is the class of cloud-provider-huaweicloud, the open-source controller, whose annotations mean other things; Doorward reads those of CCE: remove the class"
            );
            problems.reject(Reason::InvalidField, "spec.loadBalancerClass", text);
        }
    }

    /// Kubernetes' own field for who may connect; an access list by annotation beats it.
    fn source_ranges(&mut self, settings: &mut ListenerSettings) {
        let ranges = self.spec.load_balancer_source_ranges.as_deref().unwrap_or_default();
        let field = |index| format!("spec.loadBalancerSourceRanges[{index}]");
        let problems = &mut self.reader.problems;
        if !ranges.is_empty() && settings.access.is_some() {
            let text = "it has no effect beside kubernetes.io/elb.acl-id: keep one of them";
            problems.warn(Reason::NotHonoured, "spec.loadBalancerSourceRanges", text);
            return;
        }
        let mut entries = Vec::with_capacity(ranges.len());
        for (index, range) in ranges.iter().enumerate() {
            match parse_net(range) {
                Ok(net) => entries.push(net),
                Err(wrong) => problems.reject(
                    Reason::InvalidField,
                    field(index),
                    format!("{range:?}: {wrong}"),
                ),
            }
        }
        if !ranges.is_empty() {
            settings.access = Some(Arc::new(AccessList { mode: AccessMode::White, entries }));
        }
    }

    /// One server certificate for all HTTPS ports, and any number beside it for their own names.
    /// Without the first no HTTPS port is served.
    fn certificates(&mut self, listeners: &mut Vec<PortPlan>) -> CertificateClaim {
        let reader = &mut self.reader;
        let ids = certificates::ids(reader, "cert-id");
        let more = certificates::ids(reader, "tls-certificate-ids");
        if !ports::asks_for_https(reader) {
            for name in ["cert-id", "tls-certificate-ids"] {
                if reader.text(name).is_some() {
                    reader.warn(name, format!("{name} has no effect without an HTTPS port: write protocol-port \"https:443\", or remove it"));
                }
            }
            return CertificateClaim::default();
        }
        let default = match ids.as_slice() {
            [only] => Some(only.clone()),
            [] => {
                if reader.text("cert-id").is_none() {
                    reader.reject("cert-id", "an HTTPS port needs a server certificate: write the id that it has in the certificate store");
                }
                None
            }
            _ => {
                reader.reject("cert-id", "one certificate serves all HTTPS ports: keep one id here and move the others to tls-certificate-ids");
                None
            }
        };
        let Some(id) = default else {
            listeners.retain(|listener| !listener.is_https());
            return CertificateClaim::default();
        };
        let field = reader.field("tls-certificate-ids");
        let members =
            more.into_iter().map(|id| certificates::member(self.subject, field.clone(), id));
        CertificateClaim {
            on_delete: OnDelete::KeepLastGood,
            fixed: None,
            default: Some(DefaultClaim { id, field: reader.field("cert-id") }),
            members: members.collect(),
        }
    }
}

/// Ours, under `doorward.dev/`. Whether to echo.
fn own_annotations(reader: &mut Reader<'_>) -> bool {
    if reader.annotations.own("issuer").is_some() {
        let text = "a Service names no host that a certificate could be obtained for: upload one and name it in kubernetes.io/elb.cert-id";
        reader.problems.warn(Reason::NotHonoured, field(OWN_PREFIX, "issuer"), text);
    }
    reader.annotations.own("echo") == Some("true")
}

/// Whether a Service asks for anything here.
pub(super) fn is_ours(service: &Service) -> bool {
    let Some(spec) = &service.spec else { return false };
    let annotations = service.metadata.annotations.iter().flatten();
    let mut names = annotations.filter_map(|(key, _)| key.strip_prefix(ELB_PREFIX));
    match spec.type_.as_deref() {
        Some("LoadBalancer") => {
            let class = spec.load_balancer_class.as_deref();
            class.is_none_or(|class| class == OPEN_SOURCE) && names.next().is_some()
        }
        _ => names.any(|name| LAYER_7.contains(&name)),
    }
}
