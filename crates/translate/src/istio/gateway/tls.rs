//! `tls` of a server: what becomes of TLS, and which certificates end it.

use std::{borrow::Cow, sync::Arc};

use model::{
    ClientDemand, Reason, TlsVersions,
    resource::{Asked, Part, ca_secret},
};

use super::{
    Kind, ciphers,
    client::{Checks, ClientCheck},
    port::Spoken,
};
use crate::dialect::{Fields, Problems, did_you_mean, nearest};

/// How TLS ends here.
#[derive(Debug)]
pub(crate) struct Termination {
    pub versions: TlsVersions,
    /// As in [`model::TlsSettings`].
    pub ciphers: Option<Arc<[u16]>>,
    /// One, or two of different key types.
    pub credentials: Vec<Credential>,
    /// `Some` = clients are asked for a certificate.
    pub client: Option<ClientCheck>,
}

/// A Secret by its name, and where that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    /// `tls.credentialName`, below the server.
    pub field: String,
    /// `None`: the gateway's own.
    pub namespace: Option<Arc<str>>,
    pub name: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Passthrough,
    Simple,
    Mutual(ClientDemand),
    /// Needs to know every Service of the mesh by its SNI.
    AutoPassthrough,
    /// Needs the mesh's own certificates.
    IstioMutual,
}

const MODES: &[(&str, Mode)] = &[
    ("PASSTHROUGH", Mode::Passthrough),
    ("SIMPLE", Mode::Simple),
    ("MUTUAL", Mode::Mutual(ClientDemand::Required)),
    ("OPTIONAL_MUTUAL", Mode::Mutual(ClientDemand::Optional)),
    ("AUTO_PASSTHROUGH", Mode::AutoPassthrough),
    ("ISTIO_MUTUAL", Mode::IstioMutual),
];

/// A server's own certificate.
const NAMED: [&str; 2] = ["credentialName", "credentialNames"];
const PAIR_FILES: [&str; 2] = ["serverCertificate", "privateKey"];
const FILES: [&str; 4] = ["serverCertificate", "privateKey", "caCertificates", "tlsCertificates"];
/// What is said of clients' certificates.
const OF_CLIENTS: [&str; 5] = [
    "caCertCredentialName",
    "subjectAltNames",
    "verifyCertificateSpki",
    "verifyCertificateHash",
    "insecureSkipVerify",
];

const OTHERS: [&str; 4] = ["caCrl", "minProtocolVersion", "maxProtocolVersion", "cipherSuites"];

/// `field` is the server's. `None` only with a rejection among the problems.
pub(super) fn read(
    written: Option<Fields<'_>>,
    field: &str,
    spoken: Spoken,
    problems: &mut Problems,
) -> Option<Kind> {
    let is_secure = matches!(spoken, Spoken::Https | Spoken::Tls);
    let Some(mut tls) = written else {
        if is_secure {
            let text = "HTTPS and TLS need tls: write tls.mode and tls.credentialName";
            problems.reject(Reason::InvalidField, format!("{field}.tls"), text);
            return None;
        }
        return Some(if spoken == Spoken::Http { Kind::Http } else { Kind::Tcp });
    };
    for keys in [&NAMED[..], &FILES, &OF_CLIENTS, &OTHERS] {
        tls.accept(keys);
    }
    let redirects = tls.boolean("httpsRedirect", problems).unwrap_or(false);
    if redirects && spoken != Spoken::Http {
        let text = "only a server of protocol HTTP can redirect to HTTPS: remove it";
        problems.warn(Reason::InvalidField, tls.path_of("httpsRedirect"), text);
    }
    let mode = mode(&mut tls, problems);
    let kind = match mode {
        None => None,
        Some(mode) if !is_secure => in_clear(&tls, mode, spoken, redirects, problems),
        Some(Mode::Passthrough) => {
            warn_of(&tls, &NAMED, "PASSTHROUGH opens no connection", problems);
            warn_of(&tls, &FILES, "PASSTHROUGH opens no connection", problems);
            warn_of(&tls, &OF_CLIENTS, "PASSTHROUGH opens no connection", problems);
            Some(Kind::Passthrough)
        }
        Some(Mode::Simple) => {
            warn_of(&tls, &OF_CLIENTS, "SIMPLE asks clients for no certificate", problems);
            terminate(&mut tls, None, spoken, problems)
        }
        Some(Mode::Mutual(demand)) => terminate(&mut tls, Some(demand), spoken, problems),
        Some(Mode::AutoPassthrough | Mode::IstioMutual) => {
            not_served(&tls, mode == Some(Mode::IstioMutual), problems);
            None
        }
    };
    tls.finish(problems);
    kind
}

/// PASSTHROUGH is what nothing written means, in the protocol buffer itself.
fn mode(tls: &mut Fields<'_>, problems: &mut Problems) -> Option<Mode> {
    let path = tls.path_of("mode");
    let Some(written) = tls.text("mode", problems) else {
        return (!tls.asks_for("mode")).then_some(Mode::Passthrough);
    };
    let found = MODES.iter().find(|(name, _)| *name == written);
    if found.is_none() {
        let cure = match nearest(written, MODES.iter().map(|(name, _)| *name)) {
            Some(like) => did_you_mean(Some(like)),
            None => "write SIMPLE, MUTUAL, OPTIONAL_MUTUAL or PASSTHROUGH".to_owned(),
        };
        problems.reject(Reason::InvalidField, path, format!("{written:?} is no mode; {cure}"));
    }
    found.map(|(_, mode)| *mode)
}

/// The words are Istio's.
fn in_clear(
    tls: &Fields<'_>,
    mode: Mode,
    spoken: Spoken,
    redirects: bool,
    problems: &mut Problems,
) -> Option<Kind> {
    const CURE: &str = "write protocol HTTPS, or nothing but tls.httpsRedirect";
    if spoken != Spoken::Http {
        let text = "only HTTP, HTTPS and TLS have TLS settings: write protocol TLS, or remove tls";
        problems.reject(Reason::InvalidField, tls.path(), text);
        return None;
    }
    let opens_none = matches!(mode, Mode::Passthrough | Mode::AutoPassthrough);
    if !opens_none || FILES.iter().any(|key| tls.asks_for(key)) {
        let text = format!("cannot have TLS settings for plain text HTTP ports: {CURE}");
        problems.reject(Reason::InvalidField, tls.path(), text);
        return None;
    }
    warn_of(tls, &NAMED, "the server speaks plain text", problems);
    warn_of(tls, &OF_CLIENTS, "the server speaks plain text", problems);
    Some(if redirects { Kind::Redirect } else { Kind::Http })
}

fn terminate(
    tls: &mut Fields<'_>,
    demand: Option<ClientDemand>,
    spoken: Spoken,
    problems: &mut Problems,
) -> Option<Kind> {
    let credentials = credentials(tls, problems);
    let (versions, ciphers) = (ciphers::versions(tls, problems), ciphers::read(tls, problems));
    if tls.asks_for("caCrl") {
        let text = "a file of revoked certificates is not read: put it into the CA's Secret as ca.crl, and remove it here";
        problems.reject(Reason::InvalidField, tls.path_of("caCrl"), text);
    }
    let client = demand.map(|demand| {
        if tls.asks_for("caCertificates") {
            let text = "the file is not read: put the CA into the credential's Secret as ca.crt, or into one called as it with -cacert behind";
            problems.warn(Reason::NotHonoured, tls.path_of("caCertificates"), text);
        }
        let ca = tls.text("caCertCredentialName", problems);
        let field = "tls.caCertCredentialName".to_owned();
        let ca = ca.and_then(|name| credential(tls, field, name, problems));
        ClientCheck { demand, ca, checks: Checks::read(tls, problems) }
    });
    let termination = Termination { versions, ciphers, credentials: credentials?, client };
    Some(if spoken == Spoken::Https { Kind::Https(termination) } else { Kind::Tls(termination) })
}

/// Where the server's certificates are; exactly one of four ways may say so.
fn credentials(tls: &mut Fields<'_>, problems: &mut Problems) -> Option<Vec<Credential>> {
    let one = tls.text("credentialName", problems);
    let several = tls.texts("credentialNames", problems);
    let has_pair_files = PAIR_FILES.iter().any(|key| tls.asks_for(key));
    let has_files = has_pair_files || tls.asks_for("tlsCertificates");
    let sources =
        [one.is_some(), !several.is_empty(), has_pair_files, tls.asks_for("tlsCertificates")];
    let path = tls.path_of("credentialName");
    match sources.into_iter().filter(|is_there| *is_there).count() {
        0 => {
            let text = "the mode needs a certificate: name a Secret that holds it";
            problems.reject(Reason::InvalidField, path, text);
            return None;
        }
        1 if has_files => {
            let text = "certificates are not read from files: put certificate and key into a Secret, and name it here";
            problems.reject(Reason::NotHonoured, path, text);
            return None;
        }
        1 => {}
        _ => {
            let text = "credentialName, credentialNames, files and tlsCertificates exclude each other: keep one";
            problems.reject(Reason::InvalidField, tls.path(), text);
            return None;
        }
    }
    if several.len() > 2 {
        let text = "two Secrets are the most, one with an RSA key and one with an ECDSA key";
        problems.reject(Reason::InvalidField, tls.path_of("credentialNames"), text);
        return None;
    }
    let one = one.map(|name| ("tls.credentialName".to_owned(), name));
    let several = several.into_iter().enumerate();
    let several = several.map(|(index, name)| (format!("tls.credentialNames[{index}]"), name));
    let all = one.into_iter().chain(several);
    all.map(|(field, name)| credential(tls, field, name, problems)).collect()
}

/// `NAME`, `kubernetes://[NAMESPACE/]NAME` or `kubernetes-gateway://NAMESPACE/NAME`.
fn credential(
    tls: &Fields<'_>,
    field: String,
    written: &str,
    problems: &mut Problems,
) -> Option<Credential> {
    let refusal = match secret_of(written) {
        Ok((namespace, name)) => {
            let (namespace, name) = (namespace.map(Arc::from), name.into());
            return Some(Credential { field, namespace, name });
        }
        Err(refusal) => refusal,
    };
    let below = field.strip_prefix("tls.").unwrap_or(&field);
    let text = format!("{written:?} is not served: {refusal}");
    problems.reject(Reason::NotHonoured, format!("{}.{below}", tls.path()), text);
    None
}

/// Namespace and name of the Secret that a credential's name means, or why it means none.
pub(crate) fn secret_of(written: &str) -> Result<(Option<&str>, Cow<'_, str>), &'static str> {
    if written.starts_with("sds://") {
        return Err("sds:// asks another server: put the certificate into a Secret and name that");
    }
    match Asked::parse(written) {
        Asked::Secret { namespace, name, part: Part::Pair, .. } => Ok((namespace, name.into())),
        // Here the end of a name is nothing but that.
        Asked::Secret { namespace, name, part: Part::Roots, .. } => {
            Ok((namespace, ca_secret(name).into()))
        }
        Asked::Nothing(refusal) => Err(refusal),
    }
}

fn not_served(tls: &Fields<'_>, is_mesh: bool, problems: &mut Problems) {
    let text = match is_mesh {
        true => {
            "ISTIO_MUTUAL needs the mesh's own certificates and is not served: write MUTUAL with a credentialName"
        }
        false => {
            "AUTO_PASSTHROUGH needs to know the whole mesh and is not served: write PASSTHROUGH and a VirtualService with tls"
        }
    };
    problems.reject(Reason::NotHonoured, tls.path_of("mode"), text);
}

/// One line for all of these keys that are there, and that mean nothing here.
fn warn_of(
    tls: &Fields<'_>,
    keys: &'static [&'static str],
    because: &str,
    problems: &mut Problems,
) {
    let written: Vec<&str> = keys.iter().copied().filter(|key| tls.asks_for(key)).collect();
    if let Some(first) = written.first() {
        let text = format!("{} without effect, as {because}: remove it", written.join(", "));
        problems.warn(Reason::NotHonoured, tls.path_of(first), text);
    }
}
