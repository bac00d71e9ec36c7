//! `xForwardedForConfig`: which facts of the connection backends get as headers.

use http::HeaderName;
use model::{ForwardedHeaders, Reason, TrustedSources};

use crate::{
    dialect::{Fields, Problems},
    route::parse_net,
};

pub(super) fn read(mut config: Fields<'_>, problems: &mut Problems) -> ForwardedHeaders {
    let mut on = |key, problems: &mut Problems| config.boolean(key, problems).unwrap_or(false);
    let client_address = on("XForwardedForEnabled", problems);
    let proto = on("XForwardedForProtoEnabled", problems);
    let host = on("XForwardedForHostEnabled", problems);
    let load_balancer_id = on("XForwardedForSLBIdEnabled", problems);
    let port = on("XForwardedForSLBPortEnabled", problems);
    let client_port = on("XForwardedForClientSrcPortEnabled", problems);
    let mut aliased = |enabled, alias, default: &'static str, problems: &mut Problems| {
        named(&mut config, enabled, alias, default, problems)
    };
    let client_subject = aliased(
        "XForwardedForClientCertSubjectDNEnabled",
        "XForwardedForClientCertSubjectDNAlias",
        "x-forwarded-clientcert-subjectdn",
        problems,
    );
    let client_issuer = aliased(
        "XForwardedForClientCertIssuerDNEnabled",
        "XForwardedForClientCertIssuerDNAlias",
        "x-forwarded-clientcert-issuerdn",
        problems,
    );
    let client_fingerprint = aliased(
        "XForwardedForClientCertFingerprintEnabled",
        "XForwardedForClientCertFingerprintAlias",
        "x-forwarded-clientcert-fingerprint",
        problems,
    );
    let client_verify = aliased(
        "XForwardedForClientCertClientVerifyEnabled",
        "XForwardedForClientCertClientVerifyAlias",
        "x-forwarded-clientcert-clientverify",
        problems,
    );
    let trusted = trusted(&mut config, problems);
    let keeps_address = keeps_address(&mut config, problems);
    config.finish(problems);
    ForwardedHeaders {
        client_address: client_address && keeps_address,
        proto,
        host,
        load_balancer_id,
        port,
        client_port,
        client_subject,
        client_issuer,
        client_fingerprint,
        client_verify,
        trusted,
    }
}

/// An alias counts only while its header is on.
fn named(
    config: &mut Fields<'_>,
    enabled: &'static str,
    alias: &'static str,
    default: &'static str,
    problems: &mut Problems,
) -> Option<HeaderName> {
    let is_on = config.boolean(enabled, problems).unwrap_or(false);
    let alias_text = config.text(alias, problems);
    let Some(text) = alias_text.filter(|_| is_on) else {
        return is_on.then(|| HeaderName::from_static(default));
    };
    match HeaderName::from_bytes(text.as_bytes()) {
        Ok(name) => Some(name),
        Err(_) => {
            let text = format!("{text:?} is no header name: use letters, digits, '-' and '_'");
            problems.reject(Reason::InvalidField, config.path_of(alias), text);
            None
        }
    }
}

/// The first words of the error are the vendor's.
fn trusted(config: &mut Fields<'_>, problems: &mut Problems) -> Option<TrustedSources> {
    let is_on = config.boolean("XForwardedForClientSourceIpsEnabled", problems).unwrap_or(false);
    let list = config.text("XForwardedForClientSourceIpsTrusted", problems).unwrap_or_default();
    let mut nets = Vec::new();
    for entry in list.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
        match parse_net(entry) {
            Ok(net) => nets.push(net),
            Err(wrong) => {
                let field = config.path_of("XForwardedForClientSourceIpsTrusted");
                let text = format!(
                    "The param of XForwardedForConfig.XForwardedForClientSourceIpsTrusted.{entry} is illegal: {wrong}"
                );
                problems.reject(Reason::InvalidField, field, text);
            }
        }
    }
    if !is_on {
        return None;
    }
    if nets.is_empty() {
        let field = config.path_of("XForwardedForClientSourceIpsTrusted");
        let text = "no source is trusted: list the proxies' addresses, divided by ';'";
        problems.warn(Reason::InvalidField, field, text);
        return None;
    }
    Some(TrustedSources(nets))
}

/// `append` is what the gateway does; `remove` takes the header away.
fn keeps_address(config: &mut Fields<'_>, problems: &mut Problems) -> bool {
    match config.text("XForwardedForProcessingMode", problems) {
        None => true,
        Some(mode) if mode.eq_ignore_ascii_case("append") => true,
        Some(mode) if mode.eq_ignore_ascii_case("remove") => false,
        Some(other) => {
            let field = config.path_of("XForwardedForProcessingMode");
            let text = format!("mode {other:?} has no effect here: write append or remove");
            problems.warn(Reason::NotHonoured, field, text);
            true
        }
    }
}
