//! AWS's TLS security policies (`ssl-policy`).

use model::TlsVersions::{self, V12, V12AndV13, V13};

use crate::dialect::{TlsPolicies, TlsPolicy};

const OLD: Option<&str> = Some("TLS 1.0 and 1.1, CBC and static RSA cipher suites are not offered");
const WEAK: Option<&str> = Some("CBC and static RSA cipher suites are not offered");

const fn policy(
    name: &'static str,
    versions: TlsVersions,
    missing: Option<&'static str>,
) -> TlsPolicy {
    TlsPolicy { name, versions, missing }
}

pub(super) const POLICIES: TlsPolicies = TlsPolicies {
    vendor: "AWS",
    unknown: None,
    best: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    policies: &[
        // The widest policies mean "whoever comes": those get all that there is.
        policy("ELBSecurityPolicy-2016-08", V12AndV13, OLD),
        policy("ELBSecurityPolicy-2015-05", V12AndV13, OLD),
        policy("ELBSecurityPolicy-TLS-1-0-2015-04", V12AndV13, OLD),
        policy("ELBSecurityPolicy-TLS-1-1-2017-01", V12AndV13, OLD),
        policy("ELBSecurityPolicy-TLS-1-2-2017-01", V12, WEAK),
        policy("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", V12, WEAK),
        policy("ELBSecurityPolicy-FS-2018-06", V12AndV13, OLD),
        policy("ELBSecurityPolicy-FS-1-1-2019-08", V12AndV13, OLD),
        policy("ELBSecurityPolicy-FS-1-2-2019-08", V12, WEAK),
        policy("ELBSecurityPolicy-FS-1-2-Res-2019-08", V12, WEAK),
        policy("ELBSecurityPolicy-FS-1-2-Res-2020-10", V12, None),
        policy("ELBSecurityPolicy-TLS13-1-0-2021-06", V12AndV13, OLD),
        policy("ELBSecurityPolicy-TLS13-1-1-2021-06", V12AndV13, OLD),
        policy("ELBSecurityPolicy-TLS13-1-2-2021-06", V12AndV13, WEAK),
        policy("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", V12AndV13, WEAK),
        policy("ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", V12AndV13, WEAK),
        policy("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", V12AndV13, None),
        policy("ELBSecurityPolicy-TLS13-1-3-2021-06", V13, None),
    ],
};
