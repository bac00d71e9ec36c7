//! AWS Private CA: signs requests some seconds after they came.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    FakeAws,
    authority::Authority,
    world::{Answer, Refusal, World},
};

/// From a request until its certificate can be had.
const SIGNING: Duration = Duration::from_secs(3);
const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(5);
const TEMPLATES: [&str; 2] = ["EndEntityServerAuthCertificate/V1", "EndEntityCertificate/V1"];

pub(crate) struct PrivateCa {
    pub(crate) authority: Authority,
    /// What it shows as its own certificate, in chains.
    shown_pem: String,
    is_disabled: bool,
    /// By ARN: when it can be had, and what it is.
    signed: BTreeMap<String, (Timestamp, String)>,
    tokens: BTreeMap<String, (Timestamp, String)>,
}

pub(crate) fn operation(world: &mut World, operation: &str, input: &Value) -> Answer<Value> {
    let now = world.now;
    let arn = text(input, "CertificateAuthorityArn");
    let ca = world
        .private_cas
        .get_mut(arn)
        .ok_or_else(|| Refusal::new("ResourceNotFoundException", format!("No CA {arn}")))?;
    match operation {
        "DescribeCertificateAuthority" => Ok(json!({"CertificateAuthority": {
            "Arn": arn,
            "Status": if ca.is_disabled { "DISABLED" } else { "ACTIVE" },
            "CertificateAuthorityConfiguration": {
                "KeyAlgorithm": "EC_prime256v1",
                "SigningAlgorithm": "SHA256WITHECDSA",
                "Subject": {"CommonName": "private"},
            },
        }})),
        "IssueCertificate" => issue(ca, arn, input, now),
        "GetCertificate" => {
            let certificate = text(input, "CertificateArn");
            let (from, pem) = ca.signed.get(certificate).ok_or_else(|| {
                Refusal::new("ResourceNotFoundException", format!("No certificate {certificate}"))
            })?;
            if now < *from {
                return Err(Refusal::new("RequestInProgressException", "It is being signed"));
            }
            Ok(json!({"Certificate": pem, "CertificateChain": ca.shown_pem}))
        }
        other => Err(Refusal::new("UnknownOperationException", other)),
    }
}

fn issue(ca: &mut PrivateCa, arn: &str, input: &Value, now: Timestamp) -> Answer<Value> {
    if ca.is_disabled {
        return Err(Refusal::new("InvalidStateException", "The CA is not active"));
    }
    let template = text(input, "TemplateArn");
    if !TEMPLATES.iter().any(|known| template.ends_with(known)) {
        return Err(Refusal::new("InvalidArgsException", format!("No template {template}")));
    }
    if input["SigningAlgorithm"] != "SHA256WITHECDSA" {
        return Err(Refusal::new("InvalidArgsException", "The algorithm is not the CA's"));
    }
    ca.tokens.retain(|_, (made, _)| now.duration_since(*made) < TOKEN_LIFE);
    let token = text(input, "IdempotencyToken");
    if let Some((_, made)) = ca.tokens.get(token) {
        return Ok(json!({"CertificateArn": made}));
    }
    let malformed = || Refusal::new("MalformedCSRException", "The CSR cannot be read");
    let csr = STANDARD.decode(text(input, "Csr")).map_err(|_| malformed())?;
    let csr = String::from_utf8(csr).map_err(|_| malformed())?;
    let days = input["Validity"]["Value"].as_i64().unwrap_or_default();
    let span = (now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(24 * days));
    let pem = ca.authority.sign_request(&csr, span).ok_or_else(malformed)?;
    let made = format!("{arn}/certificate/{:032x}", ca.signed.len() + 1);
    let from = now.checked_add(SIGNING).expect("tests stay in the calendar");
    ca.signed.insert(made.clone(), (from, pem));
    ca.tokens.insert(token.to_owned(), (now, made.clone()));
    Ok(json!({"CertificateArn": made}))
}

fn text<'a>(input: &'a Value, field: &str) -> &'a str {
    input[field].as_str().unwrap_or_default()
}

impl FakeAws {
    /// Makes a private CA, a root, and gives its ARN.
    pub fn private_ca(&self, name: &str) -> String {
        let authority = Authority::new(name);
        let arn = format!("arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/{name}");
        let ca = PrivateCa {
            shown_pem: authority.pem.clone(),
            authority,
            is_disabled: false,
            signed: BTreeMap::new(),
            tokens: BTreeMap::new(),
        };
        self.world().private_cas.insert(arn.clone(), ca);
        arn
    }

    /// The certificate of a private CA.
    pub fn private_ca_pem(&self, arn: &str) -> String {
        self.world().private_cas[arn].authority.pem.clone()
    }

    pub fn disable_private_ca(&self, arn: &str) {
        self.change_ca(arn, |ca| ca.is_disabled = true);
    }

    /// From now on it shows a certificate that is like its own, of another key.
    pub fn forge_private_ca(&self, arn: &str) {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let forged = Authority::new(name).pem;
        self.change_ca(arn, |ca| ca.shown_pem = forged.clone());
    }

    /// Certificates that it has signed.
    pub fn private_ca_signed(&self, arn: &str) -> usize {
        self.world().private_cas.get(arn).map_or(0, |ca| ca.signed.len())
    }

    fn change_ca(&self, arn: &str, change: impl Fn(&mut PrivateCa)) {
        change(self.world().private_cas.get_mut(arn).expect("the test made this CA"));
    }
}
