//! Replaces a file in one step.

use std::{
    fs::{self, File, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

/// Of temporary files. The source skips names that begin with a dot.
const PREFIX: &str = ".new-";

/// Writes a temporary file beside `path` with `mode`, syncs it and renames it over `path`. On any
/// error the old file is as it was, and the temporary one is gone.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write_with(path, mode, |file| file.write_all(bytes))
}

/// The same for content that is not at hand as a whole.
pub(super) fn write_with(
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut file = tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    fill(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The rename itself is on disk only when the folder is.
    File::open(folder)?.sync_all()
}

/// Removes what processes left behind that were killed while they wrote. Only for who alone
/// writes to the folder.
pub(super) fn remove_leftovers(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
