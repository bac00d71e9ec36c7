//! What a file will hold, from what it holds: only the blocks that a plan owns change, and all
//! else in it stays byte for byte.

mod embedded;
mod flag;
mod text;

use std::path::PathBuf;

use crate::{
    Plan,
    facts::Content,
    kubeconfig,
    material::Material,
    pem,
    plan::{Place, Setting},
};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("{path}: holds neither the {what} that is to be replaced nor a place for it; it was changed after it was looked at, so plan anew", path = path.display())]
    NotHere { path: PathBuf, what: String },
    #[error(
        "the plan names {id}, which was never made; its run folder is damaged, so start a new run"
    )]
    Unmade { id: String },
    /// Go's readers, etcd among them, would skip all that follows and trust nobody.
    #[error("{path}: two PEM blocks stand on one line; put each -----BEGIN on a line of its own", path = path.display())]
    Glued { path: PathBuf },
    #[error("{path}: would hold {found} certificates instead of {expected}; nothing was written", path = path.display())]
    Count { path: PathBuf, found: usize, expected: usize },
}

/// The bytes of a file when everything of `place` is in it. `original` is the file as it was
/// before the plan; `None`: there was none.
pub fn place(
    place: &Place,
    original: Option<&[u8]>,
    plan: &Plan,
    material: &Material,
) -> Result<Content, RenderError> {
    let mut bytes = original.unwrap_or_default().to_vec();
    for setting in &place.settings {
        let wanted = text::Wanted::of(setting, plan, material)?;
        let not_here = || RenderError::NotHere { path: place.path.clone(), what: wanted.what() };
        bytes = match kubeconfig::is_one(&bytes) {
            true => embedded::put(&bytes, setting, &wanted),
            false => wanted.put(&bytes),
        }
        .ok_or_else(not_here)?;
    }
    check(place, &bytes)?;
    Ok(Content::new(bytes))
}

/// The file as its readers will see it.
fn check(place: &Place, bytes: &[u8]) -> Result<(), RenderError> {
    for text in kubeconfig::texts(bytes) {
        let blocks = pem::blocks(&text);
        if blocks.iter().any(|block| block.range.start > 0 && text[block.range.start - 1] != b'\n')
        {
            return Err(RenderError::Glued { path: place.path.clone() });
        }
        let certificates = blocks.iter().filter(|block| block.is_certificate()).count();
        let found = pem::certificates(&text).len();
        let is_ours = place
            .settings
            .iter()
            .any(|setting| matches!(setting, Setting::Trust { .. } | Setting::Certificate { .. }));
        if is_ours && found != certificates {
            return Err(RenderError::Count {
                path: place.path.clone(),
                found,
                expected: certificates,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
