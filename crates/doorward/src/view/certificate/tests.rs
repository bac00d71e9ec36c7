use std::fs;

use ::watch::folder::{Folder, FolderOptions};

use super::*;

/// Each with a text under one entry, in the store namespace but for the last.
const SECRETS: &str = r#"
{apiVersion: v1, kind: Secret, metadata: {name: acme-account, namespace: doorward-system}, stringData: {account.key: k}}
---
{apiVersion: v1, kind: Secret, metadata: {name: doorward-challenges, namespace: doorward-system}}
---
{apiVersion: v1, kind: Secret, metadata: {name: labelled, namespace: doorward-system, labels: {doorward.dev/certificate-id: labelled}}, stringData: {note: text}}
---
{apiVersion: v1, kind: Secret, metadata: {name: half, namespace: doorward-system}, stringData: {tls.crt: c}}
---
{apiVersion: v1, kind: Secret, metadata: {name: web, namespace: shop}, stringData: {wrong: w}}
"#;

#[test]
fn what_issuers_and_doorward_keep_in_secrets_is_no_certificate() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("secrets.yaml"), SECRETS).unwrap();
    let options = FolderOptions {
        roots: vec![home.path().to_owned()],
        state: None,
        store_namespace: "doorward-system".into(),
    };
    let world = Folder::new(options).load();
    assert_eq!((world.secrets.len(), world.faults.len()), (5, 0));
    let model = Model::default();
    let now = Timestamp::now();
    let all = CertificateView::all(&world, &model, &[], now);
    let shown: Vec<_> = all.iter().map(|one| (one.id.as_str(), one.status.as_str())).collect();
    let rejected = ["doorward-system/half", "labelled", "shop/web"]
        .map(|certificate| (certificate, "Rejected"));
    assert_eq!(shown, rejected);
    let one = |id| CertificateView::one(&world, &model, &[], id, now);
    assert!(one("doorward-system/acme-account").is_none());
    assert!(one("labelled").is_some());
}
