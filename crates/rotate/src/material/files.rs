//! Material as files of the run's folder. Names are fixed, so that the same run finds them again.

use super::{AuthorityMaterial, LeafMaterial, MakeError, Material};
use crate::{certificate::Certificate, facts::Content, pem};

/// A file's name and content; all are to be written for their owner's eyes only.
pub type SecretFile = (String, Content);

const AUTHORITY: &str = "authority-";
const LEAF: &str = "leaf-";

impl Material {
    /// All of it; [`Material::from_files`] reads it back.
    pub fn to_files(&self) -> Vec<SecretFile> {
        let mut files = Vec::new();
        for (id, made) in &self.authorities {
            let mut add =
                |end: &str, content| files.push((format!("{AUTHORITY}{id}.{end}"), content));
            add("old.crt", certificate_file(&made.old));
            if let Some(key) = &made.old_key {
                add("old.key", key.clone());
            }
            add("crt", certificate_file(&made.new));
            add("key", made.key.clone());
            if let Some(cross) = &made.cross {
                add("cross.crt", certificate_file(cross));
            }
        }
        for (id, made) in &self.leaves {
            let mut add = |end: &str, content| files.push((format!("{LEAF}{id}.{end}"), content));
            add("old.crt", certificate_file(&made.old));
            add("crt", certificate_file(&made.new));
            add("key", made.key.clone());
        }
        files
    }

    /// Other files of the folder are passed over.
    pub fn from_files(files: &[SecretFile]) -> Result<Self, MakeError> {
        let folder = Folder(files);
        let mut material = Self::default();
        for id in folder.ids(AUTHORITY) {
            let file = |end: &str| format!("{AUTHORITY}{id}.{end}");
            let made = AuthorityMaterial {
                old: folder.certificate(&file("old.crt"))?,
                old_key: folder.content(&file("old.key")).ok().cloned(),
                new: folder.certificate(&file("crt"))?,
                key: folder.content(&file("key"))?.clone(),
                cross: match folder.content(&file("cross.crt")) {
                    Ok(_) => Some(folder.certificate(&file("cross.crt"))?),
                    Err(_) => None,
                },
            };
            folder.check_key(&file("key"), &made.new)?;
            material.authorities.insert(id.to_owned(), made);
        }
        for id in folder.ids(LEAF) {
            let file = |end: &str| format!("{LEAF}{id}.{end}");
            let made = LeafMaterial {
                old: folder.certificate(&file("old.crt"))?,
                new: folder.certificate(&file("crt"))?,
                key: folder.content(&file("key"))?.clone(),
            };
            folder.check_key(&file("key"), &made.new)?;
            material.leaves.insert(id.to_owned(), made);
        }
        Ok(material)
    }
}

fn certificate_file(certificate: &Certificate) -> Content {
    Content::new(x509::certificates_pem([&certificate.der]).into_bytes())
}

struct Folder<'a>(&'a [SecretFile]);

impl<'a> Folder<'a> {
    /// Each thing has an `.old.crt`.
    fn ids(&self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |(name, _)| name.strip_prefix(kind)?.strip_suffix(".old.crt"))
    }

    fn content(&self, file: &str) -> Result<&'a Content, MakeError> {
        let found = self.0.iter().find(|(name, _)| name == file);
        found.map(|(_, content)| content).ok_or_else(|| error(file, "is missing"))
    }

    fn certificate(&self, file: &str) -> Result<Certificate, MakeError> {
        let content = self.content(file)?;
        let first = pem::certificates(content.bytes()).into_iter().next();
        first.ok_or_else(|| error(file, "holds no certificate"))
    }

    fn check_key(&self, file: &str, certificate: &Certificate) -> Result<(), MakeError> {
        let keys = pem::private_keys(self.content(file)?.bytes());
        match keys.iter().any(|key| key.is_key_of(certificate)) {
            true => Ok(()),
            false => Err(error(file, "does not hold the key of the certificate beside it")),
        }
    }
}

fn error(file: &str, why: &str) -> MakeError {
    MakeError::File { file: file.to_owned(), why: why.to_owned() }
}
