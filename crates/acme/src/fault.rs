//! What an error of the ACME server means for an order, told with its cure.

use std::error::Error as StdError;

use http::StatusCode;
use instant_acme::{Error, Problem};
use issue::IssueError;
use rustls::CertificateError;

use crate::wire::{Late, Refusal};

/// `doing` follows "could not": `place the order`.
pub(crate) fn explain(error: &Error, doing: &str, server: &str) -> IssueError {
    match error {
        Error::Api(problem) => of_problem(problem, doing, None),
        Error::Other(other) => of_other(&**other, doing, server),
        Error::Json(_) => IssueError::passing(format!(
            "could not {doing}: {server} does not answer as an ACME server does; check that \
             spec.acme.server is the URL of its directory"
        )),
        Error::InvalidUri(_) | Error::Http(_) => IssueError::refused(format!(
            "{server} is no URL of an ACME directory: set spec.acme.server to one, such as \
             https://acme-v02.api.letsencrypt.org/directory"
        )),
        Error::KeyRejected => IssueError::refused(ACCOUNT_KEY),
        other => IssueError::passing(format!("could not {doing}: {other}")),
    }
}

pub(crate) const ACCOUNT_KEY: &str = "the account's key is no ECDSA P-256 key in PEM (PKCS #8): \
     put the right one in the Secret or file of the account, or remove it to have a new account made";

/// Whether the server does not know the account that the client has in mind.
pub(crate) fn is_unknown_account(error: &Error) -> bool {
    is_kind(error, "accountDoesNotExist")
}

/// Whether the server has no account of the key, and says so or asks for what binds a new one.
pub(crate) fn is_without_account(error: &Error) -> bool {
    is_unknown_account(error) || is_kind(error, "externalAccountRequired")
}

/// Whether the server says that another order replaces the certificate already (RFC 9773 section 5).
pub(crate) fn is_already_replaced(error: &Error) -> bool {
    is_kind(error, "alreadyReplaced")
}

pub(crate) fn is_malformed(error: &Error) -> bool {
    is_kind(error, "malformed")
}

/// Whether what was asked for is not there, or is another account's.
pub(crate) fn is_gone(error: &Error) -> bool {
    let is_missing = refusal(error).is_some_and(|refusal| refusal.status == StatusCode::NOT_FOUND);
    is_missing || is_kind(error, "unauthorized")
}

fn is_kind(error: &Error, wanted: &str) -> bool {
    let problem = refusal(error).and_then(|refusal| refusal.problem.as_ref());
    problem.is_some_and(|problem| kind(problem) == wanted)
}

fn refusal(error: &Error) -> Option<&Refusal> {
    let Error::Other(other) = error else { return None };
    other.downcast_ref()
}

fn of_other(
    error: &(dyn StdError + Send + Sync + 'static),
    doing: &str,
    server: &str,
) -> IssueError {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return match &refusal.problem {
            Some(problem) => of_problem(problem, doing, Some(refusal)),
            None => of_status(refusal, doing, server),
        };
    }
    if error.is::<Late>() {
        return IssueError::passing(format!("could not {doing}: {server} gave {error}"));
    }
    if let Some(wrong) = certificate_error(error) {
        return IssueError::passing(format!(
            "could not {doing}: {}",
            of_certificate(wrong, server)
        ));
    }
    let cause = root_cause(error);
    IssueError::passing(format!(
        "could not {doing}: {server} cannot be reached: {cause}; check spec.acme.server, name \
         resolution and the network"
    ))
}

/// RFC 8555 section 6.7, and what its later companions add.
fn of_problem(problem: &Problem, doing: &str, refusal: Option<&Refusal>) -> IssueError {
    let says = words(problem);
    let retry_after = refusal.and_then(|refusal| refusal.retry_after);
    let refused = |cure: &str| IssueError::refused(format!("could not {doing}: {says}; {cure}"));
    match kind(problem) {
        "rateLimited" => IssueError::too_many(format!("could not {doing}: {says}"), retry_after),
        "caa" => {
            refused("let the CA in by a CAA record of the domain, or use the CA that it names")
        }
        "rejectedIdentifier" | "unsupportedIdentifier" => {
            refused("take the name out, or obtain it from another issuer")
        }
        "externalAccountRequired" => refused(
            "set spec.acme.externalAccountBinding to the key id and key that the CA gave you",
        ),
        "userActionRequired" => {
            refused("do what it asks for, which is mostly to agree to new terms")
        }
        "invalidContact" | "unsupportedContact" => {
            refused("set spec.acme.email to an address that takes mail")
        }
        "invalidProfile" => refused("set spec.acme.profile to one of the CA's, or leave it out"),
        "badCSR" | "badPublicKey" => refused("choose another key type, or another issuer"),
        "badSignatureAlgorithm" => refused("the CA takes no ECDSA account key; use another issuer"),
        "accountDoesNotExist" => {
            IssueError::passing(format!("could not {doing}: {says}; the account is made again"))
        }
        "unauthorized" if doing == ACCOUNT => refused(ACCOUNT_CURE),
        // What could not be validated may be so the next time.
        "dns" | "connection" | "tls" | "incorrectResponse" | "unauthorized" | "orderNotReady"
        | "malformed" | "compound" => IssueError::dead(format!("could not {doing}: {says}")),
        _ if retry_after.is_some() => {
            IssueError::too_many(format!("could not {doing}: {says}"), retry_after)
        }
        _ => IssueError::passing(format!("could not {doing}: {says}")),
    }
}

/// What the account's step is called; a refusal there is about the account.
pub(crate) const ACCOUNT: &str = "open the account";
const ACCOUNT_CURE: &str = "the CA has closed the account of this key or does not take its \
     external binding: put another key in the Secret or file of the account, or remove it to have \
     a new account made";

fn of_status(refusal: &Refusal, doing: &str, server: &str) -> IssueError {
    let Refusal { status, retry_after, .. } = *refusal;
    let message = format!("could not {doing}: {server} answered {status}");
    match status.as_u16() {
        429 | 503 => IssueError::too_many(message, retry_after),
        404 | 405 => IssueError::refused(format!(
            "{message}: set spec.acme.server to the URL of the CA's ACME directory"
        )),
        _ => IssueError::passing(message),
    }
}

fn of_certificate(wrong: &CertificateError, server: &str) -> String {
    match wrong {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
            "the certificate of {server} has ended by this machine's clock, which says {}: set the \
             clock, or have the server's certificate renewed",
            jiff::Timestamp::now()
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => format!(
            "the certificate of {server} has not begun by this machine's clock, which says {}: set \
             the clock",
            jiff::Timestamp::now()
        ),
        CertificateError::UnknownIssuer => format!(
            "nobody who is trusted signed the certificate of {server}: set spec.acme.caBundle to \
             the certificate of its CA"
        ),
        wrong => format!("the certificate of {server} is not good: {wrong}"),
    }
}

fn certificate_error<'a>(
    error: &'a (dyn StdError + Send + Sync + 'static),
) -> Option<&'a CertificateError> {
    causes(error).find_map(|cause| match unwrapped(cause).downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(wrong) => Some(wrong),
        _ => None,
    })
}

/// I/O errors keep what they wrap out of the chain of causes.
fn unwrapped<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(wrapped) => unwrapped(wrapped),
        None => error,
    }
}

fn root_cause(error: &(dyn StdError + Send + Sync + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

fn causes<'a>(
    error: &'a (dyn StdError + Send + Sync + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

/// The last part of the type: `rateLimited`.
fn kind(problem: &Problem) -> &str {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    kind.rsplit_once(':').map_or(kind, |(_, kind)| kind)
}

/// What the server says, on one line.
fn words(problem: &Problem) -> String {
    let mut says = format!("the CA says {:?}", problem.detail.as_deref().unwrap_or(kind(problem)));
    for sub in &problem.subproblems {
        if let (Some(identifier), Some(detail)) = (&sub.identifier, &sub.detail) {
            says.push_str(&format!(", of {} {detail:?}", identifier.authorized(false)));
        }
    }
    says
}

#[cfg(test)]
mod tests;
