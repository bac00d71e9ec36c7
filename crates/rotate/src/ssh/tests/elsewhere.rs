//! What people and other programs hold of a cluster's certificates.

use super::*;

#[tokio::test]
async fn certificates_are_found_where_others_keep_theirs_and_no_key_is_read() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must(
        "mkdir -p /etc/prometheus/etcd /etc/ssl/certs /etc/.hidden\n\
         cat /var/lib/etcd/cert/etcd-client.pem /var/lib/etcd/cert/etcd-client-key.pem \
           >/etc/prometheus/etcd/client.pem\n\
         cp /var/lib/etcd/cert/etcd-client.pem /etc/ssl/certs/x.pem\n\
         cp /var/lib/etcd/cert/etcd-client.pem /etc/.hidden/x.pem",
    );
    let survey = bed.site.survey(&bed.host).await.unwrap();
    let found: Vec<_> =
        survey.elsewhere.iter().filter(|(path, _)| path.starts_with("/etc")).collect();
    let client = found.iter().find(|(path, _)| path.ends_with("prometheus/etcd/client.pem"));
    let (_, text) = client.expect("it was found");
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 1);
    assert!(!text.contains("PRIVATE"), "no key");
    assert!(found.iter().all(|(path, _)| !path.ends_with("x.pem")), "{found:?}");
}
