//! One setting put into one PEM text.

use std::ops::Range;

use rustls_pki_types::CertificateDer;

use super::{RenderError, flag};
use crate::{
    Plan,
    certificate::Certificate,
    facts::Content,
    material::{AuthorityMaterial, LeafMaterial, Material},
    pem::{self, Block},
    plan::{LeafPlan, Setting, Stage},
};

/// A setting with the material that it speaks of.
pub(super) enum Wanted<'a> {
    Trust {
        authority: &'a AuthorityMaterial,
        leftovers: &'a [String],
        stage: Stage,
    },
    Certificate {
        leaf: &'a LeafMaterial,
        authority: Option<&'a AuthorityMaterial>,
        leftovers: &'a [String],
        crossed: bool,
    },
    Key {
        of: &'a Certificate,
        key: &'a Content,
    },
    Flag {
        name: &'a str,
        value: &'a str,
    },
}

impl<'a> Wanted<'a> {
    pub(super) fn of(
        setting: &'a Setting,
        plan: &'a Plan,
        material: &'a Material,
    ) -> Result<Self, RenderError> {
        let unmade = |id: &str| RenderError::Unmade { id: id.to_owned() };
        let authority = |id: &str| material.authorities.get(id).ok_or_else(|| unmade(id));
        let leaf = |id: &str| material.leaves.get(id).ok_or_else(|| unmade(id));
        let leftovers = |id: Option<&str>| {
            let planned = plan.authorities.iter().find(|planned| Some(planned.id.as_str()) == id);
            planned.map_or(&[][..], |planned| &planned.leftovers)
        };
        Ok(match setting {
            Setting::Trust { authority: id, stage } => Self::Trust {
                authority: authority(id)?,
                leftovers: leftovers(Some(id)),
                stage: *stage,
            },
            Setting::Certificate { leaf: id, crossed } => {
                let issuer = plan.leaves.iter().find(|planned| planned.id == *id);
                let issuer = issuer.map(|LeafPlan { authority, .. }| authority.as_str());
                Self::Certificate {
                    leaf: leaf(id)?,
                    authority: issuer.and_then(|id| material.authorities.get(id)),
                    leftovers: leftovers(issuer),
                    crossed: *crossed,
                }
            }
            Setting::Key { leaf: id } => {
                let leaf = leaf(id)?;
                Self::Key { of: &leaf.old, key: &leaf.key }
            }
            Setting::Flag { name, value } => Self::Flag { name, value },
            Setting::AuthorityKey { authority: id } => {
                let authority = authority(id)?;
                Self::Key { of: &authority.old, key: &authority.key }
            }
        })
    }

    /// In words, without any content.
    pub(super) fn what(&self) -> String {
        match self {
            Self::Trust { authority, .. } => format!("authority {}", authority.old.subject),
            Self::Certificate { leaf, .. } => format!("certificate of {}", leaf.old.subject),
            Self::Key { of, .. } => format!("key of {}", of.subject),
            Self::Flag { name, .. } => format!("flag --{name}"),
        }
    }

    /// Whether the text holds the very thing that this replaces.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        match self {
            Self::Trust { authority, .. } => {
                pem::certificates(text).iter().any(|found| found.is_same_authority(&authority.old))
            }
            Self::Certificate { leaf, .. } => pem::certificates(text).contains(&leaf.old),
            Self::Key { of, .. } => pem::private_keys(text).iter().any(|key| key.is_key_of(of)),
            Self::Flag { .. } => false,
        }
    }

    /// `None`: the text has no place for it.
    pub(super) fn put(&self, text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Trust { authority, leftovers, stage } => {
                // While the old one is trusted, so is whatever hangs on it.
                let leftovers = if *stage == Stage::New { *leftovers } else { &[] };
                Some(trust(text, authority, leftovers, *stage))
            }
            Self::Certificate { leaf, authority, leftovers, crossed } => {
                certificate(text, leaf, *authority, leftovers, *crossed)
            }
            Self::Key { of, key } => replace_key(text, of, key),
            Self::Flag { name, value } => flag::put(text, name, value),
        }
    }
}

/// Old, then new: who reads only the first certificate goes on as before until the old one goes.
fn trust(
    text: &[u8],
    authority: &AuthorityMaterial,
    leftovers: &[String],
    stage: Stage,
) -> Vec<u8> {
    let present: Vec<Block> = certificate_blocks(text, |found| {
        found.is_same_authority(&authority.old)
            || found.is_same_authority(&authority.new)
            || leftovers.contains(&found.fingerprint)
    });
    let wanted: Vec<&Certificate> = match stage {
        Stage::Old => vec![&authority.old],
        Stage::Both => vec![&authority.old, &authority.new],
        Stage::New => vec![&authority.new],
    };
    let wanted = pem_of(wanted.into_iter().map(|one| &one.der));
    match present.split_first() {
        Some((first, others)) => {
            let mut edits = vec![(first.range.clone(), Some(wanted))];
            edits.extend(others.iter().map(|block| (block.range.clone(), None)));
            edit(text, edits)
        }
        None => append(text, &wanted),
    }
}

/// The leaf in its place. What stood behind it of its own authority goes with it; foreign
/// certificates stay where they are.
fn certificate(
    text: &[u8],
    leaf: &LeafMaterial,
    authority: Option<&AuthorityMaterial>,
    leftovers: &[String],
    crossed: bool,
) -> Option<Vec<u8>> {
    let chain = certificate_blocks(text, |found| {
        authority.is_some_and(|authority| found.is_same_authority(&authority.old))
            || leftovers.contains(&found.fingerprint)
    });
    let mut wanted = vec![&leaf.new.der];
    match authority {
        Some(AuthorityMaterial { cross: Some(cross), .. }) if crossed => wanted.push(&cross.der),
        Some(authority) if !chain.is_empty() => wanted.push(&authority.new.der),
        _ => {}
    }
    let wanted = pem_of(wanted);
    if text.is_empty() {
        return Some(append(text, &wanted));
    }
    let present = certificate_blocks(text, |found| found.fingerprint == leaf.old.fingerprint);
    let (first, repeated) = present.split_first()?;
    let mut edits = vec![(first.range.clone(), Some(wanted))];
    edits.extend(repeated.iter().chain(&chain).map(|block| (block.range.clone(), None)));
    Some(edit(text, edits))
}

/// The key that belongs to the certificate; where none does, the only one.
fn replace_key(text: &[u8], of: &Certificate, key: &Content) -> Option<Vec<u8>> {
    if text.is_empty() {
        return Some(key.bytes().to_vec());
    }
    let keys: Vec<Block> = pem::blocks(text).into_iter().filter(Block::is_private_key).collect();
    let own = keys
        .iter()
        .find(|block| pem::private_key(text, block).is_some_and(|found| found.is_key_of(of)));
    let place = match (own, keys.as_slice()) {
        (Some(own), _) => own,
        (None, [only]) => only,
        _ => return None,
    };
    Some(edit(text, vec![(place.range.clone(), Some(key.bytes().trim_ascii_end().to_vec()))]))
}

fn certificate_blocks(text: &[u8], is_wanted: impl Fn(&Certificate) -> bool) -> Vec<Block> {
    pem::blocks(text)
        .into_iter()
        .filter(Block::is_certificate)
        .filter(|block| pem::certificate(text, block).is_some_and(|found| is_wanted(&found)))
        .collect()
}

/// Without the last line's end, as a block's range has none.
fn pem_of<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>) -> Vec<u8> {
    x509::certificates_pem(certificates).trim_end().as_bytes().to_vec()
}

/// Replaces ranges, or takes them away together with their line's end.
fn edit(text: &[u8], mut edits: Vec<(Range<usize>, Option<Vec<u8>>)>) -> Vec<u8> {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = Vec::with_capacity(text.len());
    let mut done = 0;
    for (range, new) in edits {
        out.extend_from_slice(&text[done..range.start]);
        done = range.end;
        match new {
            Some(new) => out.extend(with_line_ends_of(text, &new)),
            None => {
                done += usize::from(text.get(done) == Some(&b'\r'));
                done += usize::from(text.get(done) == Some(&b'\n'));
            }
        }
    }
    out.extend_from_slice(&text[done..]);
    out
}

fn append(text: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    let line_end: &[u8] = if has_carriage_returns(text) { b"\r\n" } else { b"\n" };
    if !out.is_empty() && !out.ends_with(b"\n") {
        out.extend_from_slice(line_end);
    }
    out.extend(with_line_ends_of(text, new));
    out.extend_from_slice(line_end);
    out
}

fn with_line_ends_of(text: &[u8], new: &[u8]) -> Vec<u8> {
    match has_carriage_returns(text) {
        true => new.split(|&byte| byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]),
        false => new.to_vec(),
    }
}

fn has_carriage_returns(text: &[u8]) -> bool {
    text.windows(2).any(|pair| pair == b"\r\n")
}
