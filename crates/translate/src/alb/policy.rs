//! ALB's TLS security policies.

use model::TlsVersions;

use crate::dialect::{TlsPolicies, TlsPolicy};

pub(super) const POLICIES: TlsPolicies = TlsPolicies {
    vendor: "ALB",
    unknown: Some("invalid https listener SecurityPolicyId: "),
    best: "tls_cipher_policy_1_2_strict_with_1_3",
    policies: &[
        // The widest policies mean "whoever comes": those get all that there is.
        TlsPolicy {
            name: "tls_cipher_policy_1_0",
            versions: TlsVersions::V12AndV13,
            missing: Some("TLS 1.0 and 1.1, CBC and static RSA cipher suites are not offered"),
        },
        TlsPolicy {
            name: "tls_cipher_policy_1_1",
            versions: TlsVersions::V12AndV13,
            missing: Some("TLS 1.1, CBC and static RSA cipher suites are not offered"),
        },
        TlsPolicy {
            name: "tls_cipher_policy_1_2",
            versions: TlsVersions::V12,
            missing: Some("CBC and static RSA cipher suites are not offered"),
        },
        TlsPolicy {
            name: "tls_cipher_policy_1_2_strict",
            versions: TlsVersions::V12,
            missing: None,
        },
        TlsPolicy {
            name: "tls_cipher_policy_1_2_strict_with_1_3",
            versions: TlsVersions::V12AndV13,
            missing: None,
        },
    ],
};
