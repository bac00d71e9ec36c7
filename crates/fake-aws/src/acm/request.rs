//! RequestCertificate: what is refused, and what the token means.

use std::collections::BTreeMap;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use super::{Certificate, Status};
use crate::world::{Answer, Refusal, World};

const REGION: &str = "eu-central-1";

pub(super) fn request(world: &mut World, input: &Value) -> Answer<Value> {
    let domain = text(input, "DomainName");
    let mut names = vec![domain.to_owned()];
    for name in input["SubjectAlternativeNames"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if domain.len() > 64 {
        return Err(invalid(format!("Domain name {domain} is longer than 64 characters")));
    }
    if let Some(bad) = names.iter().find(|name| !is_domain(name)) {
        return Err(invalid(format!("{bad} is not a domain name")));
    }
    let most = world.acm.settings.names;
    if names.len() > most {
        let why = format!("Limit of {most} domain names exceeded");
        return Err(Refusal::new("LimitExceededException", why));
    }
    let tags = tags(input)?;

    let token = text(input, "IdempotencyToken");
    if !token.is_empty()
        && let Some((_, arn)) = world.acm.tokens.get(token)
        && world.acm.certificates.contains_key(arn)
    {
        return Ok(json!({"CertificateArn": arn}));
    }

    world.acm.made += 1;
    let arn = format!(
        "arn:aws:acm:{REGION}:123456789012:certificate/{:08x}-0000-4000-8000-000000000000",
        world.acm.made
    );
    if !token.is_empty() {
        world.acm.tokens.insert(token.to_owned(), (world.now, arn.clone()));
    }
    let key_algorithm = match text(input, "KeyAlgorithm") {
        "" => "RSA_2048",
        other => other,
    };
    let certificate = Certificate {
        arn: arn.clone(),
        names,
        tags,
        status: Status::Pending,
        in_use_by: Vec::new(),
        key: key(key_algorithm)?,
        key_algorithm: key_algorithm.to_owned(),
        authority: input["CertificateAuthorityArn"].as_str().map(str::to_owned),
        is_exportable: input["Options"]["Export"] == "ENABLED"
            || !input["CertificateAuthorityArn"].is_null(),
        created: world.now,
        validated: None,
        failure: None,
        issued: None,
        was_exported: false,
        renewing: None,
        was_renewed: false,
    };
    world.acm.certificates.insert(arn.clone(), certificate);
    Ok(json!({"CertificateArn": arn}))
}

pub(super) fn tags(input: &Value) -> Answer<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for tag in input["Tags"].as_array().into_iter().flatten() {
        let (key, value) = (text(tag, "Key"), text(tag, "Value"));
        let fits =
            |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
        if !fits(key) || !fits(value) || key.len() > 128 || value.len() > 256 {
            let why = format!("Tag {key}={value} does not fit");
            return Err(Refusal::new("InvalidTagException", why));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(tags)
}

fn key(algorithm: &str) -> Answer<KeyPair> {
    let kind = match algorithm {
        "EC_prime256v1" => &PKCS_ECDSA_P256_SHA256,
        "RSA_2048" => &PKCS_RSA_SHA256,
        other => return Err(invalid(format!("{other} is not supported"))),
    };
    Ok(KeyPair::generate_for(kind).expect("keys of these kinds can be made"))
}

fn is_domain(name: &str) -> bool {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    name.len() <= 253 && name.contains('.') && rest.split('.').all(fits)
}

fn text<'a>(input: &'a Value, field: &str) -> &'a str {
    input[field].as_str().unwrap_or_default()
}

fn invalid(why: String) -> Refusal {
    Refusal::new("InvalidParameterException", why)
}
