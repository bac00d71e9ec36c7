//! An Issuer of the Model becomes one that obtains: what its spec names is fetched and decoded.

use std::{net::SocketAddr, sync::Arc};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use instant_acme::Key;
use issue::{Challenges, Clock, Dns, Entries, IssueError, SpecProblem};
use model::{Issuer, IssuerSecret};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use zeroize::Zeroizing;

use crate::{
    AccountKey, AcmeIssuer, AcmeSpec, Dns01Spec, ExternalAccount, Method, NamePattern, Route53Spec,
    SecretKey, Settings, Solver, SolverSpec,
    dns::{Command, Rfc2136, TsigKey},
};

/// What an issuer works with and does not own.
#[derive(Clone)]
pub struct Surroundings {
    /// Where the account's key is kept.
    pub entries: Arc<dyn Entries>,
    pub challenges: Arc<dyn Challenges>,
    pub clock: Clock,
    /// Whoever speaks to AWS.
    pub route53: Arc<Route53>,
}

/// Makes the hand that writes into Route 53.
pub type Route53 = dyn Fn(&Route53Spec) -> Result<Arc<dyn Dns>, IssueError> + Send + Sync;

/// The key of the entry with an account's own key.
const ACCOUNT_KEY: &str = "account.key";

/// Makes the issuer, or says which field of it cannot be used.
pub fn build(issuer: &Issuer, around: &Surroundings) -> Result<AcmeIssuer, SpecProblem> {
    let spec = AcmeSpec::read(&issuer.settings)?;
    let account_key = match &spec.account_key_secret {
        Some(at) => {
            const FIELD: &str = "spec.acme.accountKeySecret";
            let pem = text(entry(issuer, at, FIELD)?, at, FIELD)?;
            let is_key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())
                .is_ok_and(|der| Key::from_pkcs8_der(der).is_ok());
            if !is_key {
                let what = "is no ECDSA P-256 key in PEM (PKCS #8): put the account's own there";
                return Err(broken(FIELD, at, what));
            }
            AccountKey::Given(pem)
        }
        None => AccountKey::Kept {
            entries: around.entries.clone(),
            secret: format!("doorward-acme-{}", issuer.name),
            key: ACCOUNT_KEY.into(),
        },
    };
    let resolver = spec.resolver()?;
    let solver = |(index, spec)| solver(issuer, spec, index, resolver, around);
    let settings = Settings {
        trusted: spec.trusted()?,
        account_key,
        external_account: external_account(issuer, &spec)?,
        solvers: spec.solvers.iter().enumerate().map(solver).collect::<Result<_, _>>()?,
        server: spec.server,
        email: spec.email,
        profile: spec.profile,
        preferred_chain: spec.preferred_chain,
        resolver,
    };
    Ok(AcmeIssuer::new(settings, around.challenges.clone(), around.clock.clone()))
}

fn external_account(
    issuer: &Issuer,
    spec: &AcmeSpec,
) -> Result<Option<ExternalAccount>, SpecProblem> {
    const FIELD: &str = "spec.acme.externalAccountBinding.secret";
    let Some(binding) = &spec.external_account_binding else { return Ok(None) };
    let at = &binding.secret;
    let encoded = text(entry(issuer, at, FIELD)?, at, FIELD)?;
    // CAs give it with and without padding (RFC 7515 section 2 has none).
    let key = BASE64_URL_SAFE_NO_PAD.decode(encoded.trim().trim_end_matches('='));
    let key =
        key.map_err(|_| broken(FIELD, at, "is no base64url: put the MAC key as the CA gave it"))?;
    Ok(Some(ExternalAccount { key_id: binding.key_id.clone(), key: Zeroizing::new(key) }))
}

fn solver(
    issuer: &Issuer,
    spec: &SolverSpec,
    index: usize,
    resolver: Option<SocketAddr>,
    around: &Surroundings,
) -> Result<Solver, SpecProblem> {
    let field = format!("spec.acme.solvers[{index}]");
    let names = spec.names.iter().map(|name| NamePattern::parse(name));
    let names = names.collect::<Result<_, _>>();
    let names =
        names.map_err(|error| SpecProblem::at(format!("{field}.names"), error.to_string()))?;
    let method = match spec {
        SolverSpec { dns01: Some(spec), .. } => {
            Method::Dns01(dns(issuer, spec, &format!("{field}.dns01"), resolver, around)?)
        }
        SolverSpec { tls_alpn01: Some(_), .. } => Method::TlsAlpn01,
        _ => Method::Http01,
    };
    Ok(Solver { method, names })
}

fn dns(
    issuer: &Issuer,
    spec: &Dns01Spec,
    field: &str,
    resolver: Option<SocketAddr>,
    around: &Surroundings,
) -> Result<Arc<dyn Dns>, SpecProblem> {
    let unusable = |error: IssueError| SpecProblem::at(field, error.message);
    if let Some(spec) = &spec.route53 {
        return (around.route53)(spec).map_err(unusable);
    }
    if let Some(command) = &spec.command {
        let (program, arguments) =
            command.0.split_first().ok_or_else(|| SpecProblem::at(field, "names no program"))?;
        return Ok(Arc::new(Command::new(program, arguments.to_vec(), resolver)));
    }
    let Some(spec) = &spec.rfc2136 else {
        return Err(SpecProblem::at(field, "names nobody who keeps the zone"));
    };
    let nameserver = spec.nameserver(&format!("{field}.rfc2136"))?;
    let secret = spec.tsig.as_ref().map(|tsig| {
        let field = format!("{field}.rfc2136.tsig.secret");
        let encoded = text(entry(issuer, &tsig.secret, &field)?, &tsig.secret, &field)?;
        let key = BASE64_STANDARD.decode(encoded.trim()).map(Zeroizing::new);
        key.map_err(|_| {
            broken(&field, &tsig.secret, "is no base64: put the key as the server has it")
        })
    });
    let secret = secret.transpose()?;
    let key = spec.tsig.as_ref().zip(secret.as_ref()).map(|(tsig, secret)| TsigKey {
        name: &tsig.name,
        algorithm: &tsig.algorithm,
        secret,
    });
    let dns = Rfc2136::new(nameserver, spec.zone.as_deref(), key.as_ref()).map_err(unusable)?;
    Ok(Arc::new(dns))
}

/// What the entry holds that a field names.
fn entry<'a>(
    issuer: &'a Issuer,
    at: &SecretKey,
    field: &str,
) -> Result<&'a Zeroizing<Vec<u8>>, SpecProblem> {
    let SecretKey { name, key } = at;
    let credentials = match issuer.secrets.get(name.as_str()) {
        Some(IssuerSecret::Credentials(credentials)) => credentials,
        Some(IssuerSecret::Pair(_)) => {
            let message = format!("Secret {name} holds a certificate: name one with {key} in it");
            return Err(SpecProblem::at(field, message));
        }
        Some(IssuerSecret::Unusable(why)) => {
            return Err(SpecProblem::at(field, format!("Secret {name} cannot be used: {why}")));
        }
        None => {
            let message = format!("there is no Secret {name} in the store namespace: create it");
            return Err(SpecProblem::at(field, message));
        }
    };
    credentials.0.get(key.as_str()).ok_or_else(|| broken(field, at, "is missing: add it"))
}

fn text(bytes: &[u8], at: &SecretKey, field: &str) -> Result<Zeroizing<String>, SpecProblem> {
    let text = std::str::from_utf8(bytes).map_err(|_| broken(field, at, "is no text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn broken(field: &str, at: &SecretKey, what: &str) -> SpecProblem {
    SpecProblem::at(field, format!("entry {:?} of Secret {} {what}", at.key, at.name))
}

#[cfg(test)]
mod tests;
