//! ELB's TLS security policies (`tls-ciphers-policy`).

use model::TlsVersions;

use crate::dialect::{TlsPolicies, TlsPolicy};

const OLD: Option<&str> = Some("TLS 1.0 and 1.1, CBC and static RSA cipher suites are not offered");
const WEAK: Option<&str> = Some("CBC and static RSA cipher suites are not offered");

/// What ELB takes where nothing is written. Doorward then offers TLS 1.3 as well.
pub(super) const DEFAULT: &str = "tls-1-2";

pub(super) const POLICIES: TlsPolicies = TlsPolicies {
    vendor: "ELB",
    unknown: None,
    best: "tls-1-2-fs-with-1-3",
    policies: &[
        // The widest policies mean "whoever comes": those get all that there is.
        TlsPolicy { name: "tls-1-0-inherit", versions: TlsVersions::V12AndV13, missing: OLD },
        TlsPolicy { name: "tls-1-0", versions: TlsVersions::V12AndV13, missing: OLD },
        TlsPolicy { name: "tls-1-1", versions: TlsVersions::V12AndV13, missing: OLD },
        TlsPolicy { name: "tls-1-0-with-1-3", versions: TlsVersions::V12AndV13, missing: OLD },
        TlsPolicy { name: "tls-1-2", versions: TlsVersions::V12, missing: WEAK },
        TlsPolicy { name: "tls-1-2-strict", versions: TlsVersions::V12, missing: WEAK },
        TlsPolicy { name: "tls-1-2-fs", versions: TlsVersions::V12, missing: None },
        TlsPolicy { name: "tls-1-2-fs-with-1-3", versions: TlsVersions::V12AndV13, missing: None },
        TlsPolicy {
            name: "hybrid-policy-1-0",
            versions: TlsVersions::V12,
            missing: Some("SM2, SM3 and SM4 cipher suites are not offered"),
        },
    ],
};
