//! The reasons and texts that users of each vendor's controller know and search for.
//!
//! Sources: the recorder of alibaba/alibaba-load-balancer-controller (component `ingress`) and
//! the cloud controller of Huawei CCE, which speaks as Kubernetes' own service controller.

use model::{Dialect, Reason, State, Verdict};

#[derive(Clone, Copy, Debug)]
pub struct Words {
    pub component: &'static str,
    pub success: (&'static str, &'static str),
    /// An object cannot be made into what it asks for; `None`: the verdict's own reason says so.
    build_failed: Option<&'static str>,
    /// What was made of it cannot be served.
    pub apply_failed: &'static str,
    /// Stands before the text of every failure.
    prefix: &'static str,
}

/// Objects of no dialect: whom certificates are obtained from is nobody else's notion.
const ISSUER: &str = "Issuer";

impl Words {
    pub const OWN: Self = Self {
        component: "doorward",
        success: ("SuccessfullyReconciled", "Successfully reconciled"),
        build_failed: None,
        apply_failed: "NotServed",
        prefix: "",
    };

    pub fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Alb | Dialect::Aws | Dialect::Ingress => Self {
                component: "ingress",
                success: ("SuccessfullyReconciled", "Successfully reconciled"),
                build_failed: Some("FailedBuildModel"),
                apply_failed: "FailedApplyModel",
                prefix: "",
            },
            Dialect::Elb => Self {
                component: "service-controller",
                success: ("EnsuredLoadBalancer", "Ensured load balancer"),
                build_failed: Some("SyncLoadBalancerFailed"),
                apply_failed: "SyncLoadBalancerFailed",
                prefix: "Error syncing load balancer: failed to ensure load balancer: ",
            },
            // Istio writes no events about these, so there are none that people look for.
            Dialect::Istio => Self::OWN,
        }
    }

    /// Those in which to tell of a verdict; `None`: it is on no object that there are events about.
    pub fn about(verdict: &Verdict) -> Option<Self> {
        match verdict.dialect {
            Some(dialect) => Some(Self::of(dialect)),
            None => (&*verdict.object.kind == ISSUER).then_some(Self::OWN),
        }
    }

    /// The reason of an event about a failure that a verdict gave this reason.
    pub fn build_failed(self, reason: Reason) -> String {
        self.build_failed.map_or_else(|| reason.to_string(), str::to_owned)
    }

    pub fn failure(self, text: &str) -> String {
        format!("{}{text}", self.prefix)
    }

    /// The wrapper around what a listener answers to its settings.
    pub fn listener_failure(self, port: u16, text: &str) -> String {
        self.failure(&format!("apply failed. listenerPort: {port}. errMsgs: {text}"))
    }
}

/// What a verdict means to whoever wrote the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// A part of what it asks for does not work.
    Failure,
    /// All works; it should be looked at all the same.
    Notice,
    /// Only for information.
    Remark,
    /// There is nothing to say but success.
    Fine,
}

impl Weight {
    pub fn of(verdict: &Verdict) -> Self {
        match (verdict.state, verdict.reason) {
            (State::Rejected, _) => Self::Failure,
            (State::Accepted, Reason::SuccessfullyReconciled) => Self::Fine,
            (State::Accepted, _) => Self::Remark,
            (
                State::Warning,
                Reason::CertificateExpiring
                | Reason::CertificateNotYetValid
                | Reason::CertificatePending
                | Reason::NotHonoured
                | Reason::UnknownKey,
            ) => Self::Notice,
            (State::Warning, _) => Self::Failure,
        }
    }
}
