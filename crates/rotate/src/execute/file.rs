//! Single files of a host: what each is to hold, and how it gets there.

use std::path::{Path, PathBuf};

use super::{Executor, Fault};
use crate::{
    FileSeen, HostName, Site,
    facts::{Attributes, Content},
    run::Found,
    site::{Clock, FileWrite},
};

impl<S: Site, C: Clock> Executor<'_, S, C> {
    /// Writes what the run keeps under `digest`.
    pub(super) async fn put(
        &self,
        host: &HostName,
        path: &Path,
        digest: &str,
        keep_time: bool,
    ) -> Result<(), Fault> {
        let content = self.folder.content(digest)?;
        let attributes = self.attributes(host, path, &content);
        let file = FileWrite { path: path.to_owned(), content, attributes, keep_time };
        Ok(self.site.write(host, &file).await?)
    }

    /// Gives a file the owner, mode and label that it had, if somebody took them away; its bytes
    /// and its time stay.
    pub(super) async fn give_rights(&self, host: &HostName, file: &FileSeen) -> Result<(), Fault> {
        let Some(content) = &file.content else { return Ok(()) };
        let wanted = self.attributes(host, &file.path, content);
        if file.attributes.has_rights_of(&wanted) {
            return Ok(());
        }
        let path = file.path.clone();
        self.progress.note(&format!("{host}:{} gets its owner and mode again.", path.display()));
        let attributes = Attributes { modified: file.attributes.modified, ..wanted };
        let file = FileWrite { path, content: content.clone(), attributes, keep_time: true };
        Ok(self.site.write(host, &file).await?)
    }

    /// A file of the run's own on the host, for root alone.
    pub(super) async fn put_private(
        &self,
        host: &HostName,
        path: PathBuf,
        content: Content,
    ) -> Result<(), Fault> {
        let attributes = Attributes { mode: 0o600, hard_links: 1, ..Attributes::default() };
        let file = FileWrite { path, content, attributes, keep_time: false };
        Ok(self.site.write(host, &file).await?)
    }

    /// What the file is to look like: as it was found; a new one like its neighbours, and closed
    /// to all others if it holds a key.
    fn attributes(&self, host: &HostName, path: &Path, content: &Content) -> Attributes {
        let files = self.scene.hosts.get(host).map(|host| &host.files);
        let found = files.and_then(|files| files.get(path)).filter(|found| found.digest.is_some());
        if let Some(found) = found {
            return found.attributes.clone();
        }
        let beside = |(other, found): &(&PathBuf, &Found)| {
            found.digest.is_some() && other.parent() == path.parent()
        };
        let like = files.and_then(|files| files.iter().find(beside));
        let like = like.map(|(_, found)| found.attributes.clone()).unwrap_or_default();
        let mode = if holds_key(content) { 0o600 } else { 0o644 };
        Attributes { mode, fixed: None, hard_links: 1, ..like }
    }
}

/// Whether the bytes are private to their owner.
fn holds_key(content: &Content) -> bool {
    let marks: [&[u8]; 2] = [b"PRIVATE KEY", b"client-key-data"];
    let holds = |mark: &[u8]| content.bytes().windows(mark.len()).any(|part| part == mark);
    marks.into_iter().any(holds)
}
