//! What a plan has made: new keys and certificates, each checked before anything is written.
//!
//! Kept in files of the operator's run folder, so that a run that was cut off goes on with the
//! very same ones.

mod check;
mod files;
mod source;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use files::SecretFile;

use crate::{
    Facts, Plan,
    certificate::Certificate,
    facts::Content,
    key::{Form, KeyError, PrivateKey},
    mint::{self, MintError, Signer},
    pem,
    plan::{AuthorityPlan, LeafPlan},
    site::Identity,
};
use source::Source;

/// Everything that is new, by the ids of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Material {
    pub authorities: BTreeMap<String, AuthorityMaterial>,
    pub leaves: BTreeMap<String, LeafMaterial>,
}

/// An authority before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityMaterial {
    pub old: Certificate,
    /// PEM; where it was found.
    pub old_key: Option<Content>,
    pub new: Certificate,
    /// PEM.
    pub key: Content,
    /// The new one as the old one vouches for it.
    pub cross: Option<Certificate>,
}

/// A leaf before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafMaterial {
    pub old: Certificate,
    pub new: Certificate,
    /// PEM.
    pub key: Content,
}

/// Which of an authority's two keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Old,
    New,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum MakeError {
    #[error("{what} is not among what was found; look at the machines again and plan anew")]
    Missing { what: String },
    #[error("the key of {subject} is on none of the machines: nothing can be signed in its name")]
    NoKey { subject: String },
    #[error("{what}: {why}")]
    Mint { what: String, why: MintError },
    #[error("{what}: {why}")]
    Key { what: String, why: KeyError },
    /// The check of what was made; nothing was written anywhere.
    #[error("{what} was made wrong and is not used: {why}")]
    Wrong { what: String, why: String },
    #[error("{file}: {why}; the run's folder was changed by others, so start a new run")]
    File { file: String, why: String },
}

/// Makes and checks all that the plan needs. Reads keys from the files that were seen; `now` is
/// the operator's clock.
pub fn make(plan: &Plan, facts: &Facts, now: Timestamp) -> Result<Material, MakeError> {
    let source = Source::of(facts);
    let mut material = Material::default();
    for wanted in &plan.authorities {
        let made = authority(wanted, &material, &source, now)?;
        check::authority(&made, wanted)?;
        material.authorities.insert(wanted.id.clone(), made);
    }
    for wanted in &plan.leaves {
        let above = Above::of(wanted, &material, &source)?;
        let made = leaf(wanted, &above, &source, now)?;
        check::leaf(wanted, &made, &above, now)?;
        material.leaves.insert(wanted.id.clone(), made);
    }
    Ok(material)
}

/// Who signs a leaf, and how those who know only the old one find their way to it.
struct Above {
    certificate: Certificate,
    key: PrivateKey,
    crossed: Option<(Certificate, Certificate)>,
}

impl Above {
    fn of(leaf: &LeafPlan, material: &Material, source: &Source) -> Result<Self, MakeError> {
        if let Some(made) = material.authorities.get(&leaf.authority) {
            let key = private_key(&made.key, &made.new.subject)?;
            let crossed = made.cross.clone().map(|cross| (cross, made.old.clone()));
            return Ok(Self { certificate: made.new.clone(), key, crossed });
        }
        let missing = || MakeError::Missing { what: format!("the issuer of {}", leaf.id) };
        let certificate = source.certificate(&leaf.authority).ok_or_else(missing)?;
        let key = source
            .key_of(certificate)
            .ok_or_else(|| MakeError::NoKey { subject: certificate.subject.clone() })?;
        let key = private_key(&key, &certificate.subject)?;
        Ok(Self { certificate: certificate.clone(), key, crossed: None })
    }
}

fn authority(
    wanted: &AuthorityPlan,
    made: &Material,
    source: &Source,
    now: Timestamp,
) -> Result<AuthorityMaterial, MakeError> {
    let what = &wanted.subject;
    let missing = || MakeError::Missing { what: what.clone() };
    let mint = |why| MakeError::Mint { what: what.clone(), why };
    let old = source.certificate(&wanted.replaces).ok_or_else(missing)?;
    let old_key = source.key_of(old);
    if let Some(successor) = &wanted.successor {
        let new = source.certificate(successor).ok_or_else(missing)?.clone();
        let no_key = || MakeError::NoKey { subject: new.subject.clone() };
        let key = source.key_of(&new).ok_or_else(no_key)?;
        return Ok(AuthorityMaterial { old: old.clone(), old_key, new, key, cross: None });
    }
    let no_key = || MakeError::NoKey { subject: old.subject.clone() };
    if wanted.same_key {
        let content = old_key.clone().ok_or_else(no_key)?;
        let key = private_key(&content, what)?;
        let new = mint::same_key(old, &key, wanted.not_after, now).map_err(mint)?;
        return Ok(AuthorityMaterial { old: old.clone(), old_key, new, key: content, cross: None });
    }
    let (new, key) = match &wanted.joins {
        Some(first) => {
            let first = made.authorities.get(first).ok_or_else(missing)?;
            (first.new.clone(), private_key(&first.key, what)?)
        }
        None => {
            let form = match &old_key {
                Some(content) => private_key(content, what)?.form(),
                None => Form::Pkcs8,
            };
            let key = PrivateKey::like(old, form)
                .map_err(|why| MakeError::Key { what: what.clone(), why })?;
            let common_name = wanted.common_name.as_deref().unwrap_or(old.name());
            (mint::authority(old, common_name, &key, wanted.not_after, now).map_err(mint)?, key)
        }
    };
    let cross = match wanted.cross_signed {
        true => {
            let content = old_key.as_ref().ok_or_else(no_key)?;
            let signer = private_key(content, &old.subject)?;
            let old = Signer { certificate: old, key: &signer };
            let new = Signer { certificate: &new, key: &key };
            Some(mint::cross(new, old, now).map_err(mint)?)
        }
        false => None,
    };
    Ok(AuthorityMaterial { old: old.clone(), old_key, new, key: key.pem(), cross })
}

fn leaf(
    wanted: &LeafPlan,
    above: &Above,
    source: &Source,
    now: Timestamp,
) -> Result<LeafMaterial, MakeError> {
    let what = &wanted.id;
    let missing = || MakeError::Missing { what: format!("the certificate {what}") };
    let mint = |why| MakeError::Mint { what: what.clone(), why };
    let old = source.certificate(&wanted.replaces).ok_or_else(missing)?;
    let present = source.key_of(old).map(|content| private_key(&content, what)).transpose()?;
    let key = match present {
        Some(key) if wanted.reuse_key => key,
        present => {
            let form = present.map_or(Form::Pkcs8, |key| key.form());
            PrivateKey::like(old, form).map_err(|why| MakeError::Key { what: what.clone(), why })?
        }
    };
    let signer = Signer { certificate: &above.certificate, key: &above.key };
    let new =
        mint::leaf(old, &wanted.added_names, &key, signer, wanted.not_after, now).map_err(mint)?;
    Ok(LeafMaterial { old: old.clone(), new, key: key.pem() })
}

/// The key in a text that was found or made as one.
fn private_key(content: &Content, what: &str) -> Result<PrivateKey, MakeError> {
    pem::private_keys(content.bytes())
        .into_iter()
        .next()
        .ok_or_else(|| MakeError::Key { what: what.to_owned(), why: KeyError::Unusable })
}

impl Material {
    /// A client certificate of one hour, without names, that one side of an authority issued:
    /// with it a running program shows whom it trusts. `None`: the old key is not at hand.
    pub fn probe(
        &self,
        authority: &str,
        side: Side,
        now: Timestamp,
    ) -> Result<Option<Identity>, MakeError> {
        let missing = || MakeError::Missing { what: format!("the authority {authority}") };
        let found = self.authorities.get(authority).ok_or_else(missing)?;
        let (certificate, key) = match (side, &found.old_key) {
            (Side::New, _) => (&found.new, &found.key),
            (Side::Old, Some(key)) => (&found.old, key),
            (Side::Old, None) => return Ok(None),
        };
        let signer_key = private_key(key, &certificate.subject)?;
        let own = PrivateKey::like(certificate, Form::Pkcs8)
            .map_err(|why| MakeError::Key { what: authority.to_owned(), why })?;
        let signer = Signer { certificate, key: &signer_key };
        let made = mint::probe(signer, &own, now)
            .map_err(|why| MakeError::Mint { what: authority.to_owned(), why })?;
        Ok(Some(Identity { chain: vec![made.der], key: own.pem() }))
    }
}

#[cfg(test)]
mod tests;
