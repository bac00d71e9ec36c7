//! TLS security policies. rustls offers TLS 1.3, and TLS 1.2 with ECDHE and AEAD; each policy is
//! mapped to the nearest of that, and a verdict says what its name promises beyond.

use model::{Reason, TlsVersions};

use crate::dialect::{Problems, did_you_mean, nearest};

struct Policy {
    name: &'static str,
    versions: TlsVersions,
    /// Promised and not offered.
    missing: Option<&'static str>,
}

const POLICIES: &[Policy] = &[
    // The widest policies mean "whoever comes": those get all that there is.
    Policy {
        name: "tls_cipher_policy_1_0",
        versions: TlsVersions::V12AndV13,
        missing: Some("TLS 1.0 and 1.1, CBC and static RSA cipher suites are not offered"),
    },
    Policy {
        name: "tls_cipher_policy_1_1",
        versions: TlsVersions::V12AndV13,
        missing: Some("TLS 1.1, CBC and static RSA cipher suites are not offered"),
    },
    Policy {
        name: "tls_cipher_policy_1_2",
        versions: TlsVersions::V12,
        missing: Some("CBC and static RSA cipher suites are not offered"),
    },
    Policy { name: "tls_cipher_policy_1_2_strict", versions: TlsVersions::V12, missing: None },
    Policy {
        name: "tls_cipher_policy_1_2_strict_with_1_3",
        versions: TlsVersions::V12AndV13,
        missing: None,
    },
];

/// Nothing written means the vendor's default; nobody is told what it lacks.
pub(super) fn versions(written: Option<&str>, field: &str, problems: &mut Problems) -> TlsVersions {
    let Some(written) = written else { return TlsVersions::V12AndV13 };
    let Some(policy) = POLICIES.iter().find(|policy| policy.name == written) else {
        let cure = did_you_mean(nearest(written, POLICIES.iter().map(|policy| policy.name)));
        let text = format!(
            "security policy {written} is not known here; TLS 1.2 and 1.3 are offered with forward secrecy: name one of ALB's own policies; {cure}"
        );
        problems.warn(Reason::NotHonoured, field, text);
        return TlsVersions::V12AndV13;
    };
    if let Some(missing) = policy.missing {
        let text = format!(
            "{written}: {missing}; write tls_cipher_policy_1_2_strict_with_1_3 if all clients can do without"
        );
        problems.warn(Reason::NotHonoured, field, text);
    }
    policy.versions
}
