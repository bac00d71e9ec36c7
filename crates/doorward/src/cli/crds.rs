//! `doorward crds`: the definitions that a cluster needs, as they are installed by `deploy/`.

use anyhow::Result;

use super::print;

/// One file for each kind.
const CRDS: [&str; 2] = [
    include_str!("../../../../deploy/crds/albconfigs.yaml"),
    include_str!("../../../../deploy/crds/issuers.yaml"),
];

/// Prints them as one YAML stream, for `kubectl apply --server-side -f -`.
pub fn crds() -> Result<()> {
    print(&CRDS.join("---\n"))
}
