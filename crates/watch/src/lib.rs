//! Sources of the World: the manifests folder and the state folder.
//!
//! [`folder`] reads what users write and watches it for changes. [`state`] is what Doorward itself
//! writes on one machine; its Secrets come in again through the same reader. [`mod@read`] is how an
//! object is understood, for these sources and for that of Kubernetes.

pub mod folder;
pub mod read;
pub mod state;

pub use folder::{Folder, FolderOptions, parse_documents};
pub use state::{ConsoleStore, StateError, StateFolder};
