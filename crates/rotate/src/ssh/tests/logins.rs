use super::*;

async fn refusal(bed: &Bed) -> SiteError {
    // A connection that stands would still be used.
    let site = Ssh::new(&inventory(&bed.lab)).unwrap();
    site.survey(&bed.host).await.unwrap_err()
}

#[tokio::test]
async fn banners_and_login_scripts_may_say_what_they_like() {
    let Some(bed) = Bed::new().await else { return };
    if testkit::peers::need("bash").is_none() {
        return;
    }
    bed.machine().must(
        "sed -i 's|^root:.*|root:x:0:0:root:/run/loud:/bin/bash|' /etc/passwd; mkdir /run/loud\n\
         echo 'echo Welcome; echo; echo problem; echo \"file x\"' >/run/loud/.bashrc",
    );
    let seen = bed.read("/var/lib/etcd/cert/ca.pem").await;
    assert_eq!(seen.content.unwrap().bytes(), bed.lab.authority().pem.as_bytes());
}

#[tokio::test]
async fn a_login_that_runs_no_shell_is_refused_with_what_it_says() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must("sed -i 's|/bin/sh$|/bin/echo|' /etc/passwd");
    let error = refusal(&bed).await.to_string();
    assert!(error.contains("runs no script (exec sh -s); it says: -c exec sh -s"), "{error}");
}

#[tokio::test]
async fn a_key_that_is_not_known_is_refused_with_the_cure() {
    let Some(bed) = Bed::new().await else { return };
    let keys = bed.lab.folder().join("authorized_keys");
    std::fs::write(&keys, "").unwrap();
    let error = refusal(&bed).await.to_string();
    assert!(error.contains("SSH refused the login") && error.contains("identityFile"), "{error}");
}

#[tokio::test]
async fn another_host_key_is_refused_before_anything_is_said() {
    let Some(bed) = Bed::new().await else { return };
    let known = bed.lab.folder().join("known_hosts");
    let keys = std::fs::read_to_string(&known).unwrap();
    let operator = std::fs::read_to_string(bed.lab.folder().join("operator.pub")).unwrap();
    let other = operator.split(' ').nth(1).unwrap();
    let host = keys.split(' ').nth(2).unwrap();
    std::fs::write(&known, keys.replace(host, other)).unwrap();
    let error = refusal(&bed).await.to_string();
    assert!(
        error.contains("the host key of 198.18.") && error.contains("ssh-keygen -R"),
        "{error}"
    );

    std::fs::write(&known, "").unwrap();
    let error = refusal(&bed).await.to_string();
    assert!(error.contains("is not known. Compare it"), "{error}");
}

#[tokio::test]
async fn a_host_without_sshd_is_unreachable() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must("systemctl stop sshd");
    let error = refusal(&bed).await;
    let SiteError::Unreachable { why, .. } = &error else { panic!("{error:?}") };
    assert!(why.starts_with("no SSH to 198.18.") && why.contains("Connection refused"), "{why}");
}

#[tokio::test]
async fn a_user_who_is_not_root_is_refused() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must(
        "sed -i 's|^etcd:.*|etcd:x:991:991::/:/bin/sh|' /etc/passwd\n\
         echo 'etcd:*:19000:0:99999:7:::' >>/etc/shadow",
    );
    // sshd looks for the keys as the user.
    bed.machine().must(&format!("chmod 755 {}", bed.lab.folder().display()));
    let mut inventory = inventory(&bed.lab);
    inventory.ssh.user = Some("etcd".to_owned());
    let site = Ssh::new(&inventory).unwrap();
    let error = site.survey(&bed.host).await.unwrap_err().to_string();
    assert!(error.contains("not root") && error.contains("spec.ssh.user"), "{error}");
}

#[tokio::test]
async fn a_connection_that_was_cut_is_made_anew() {
    let Some(bed) = Bed::new().await else { return };
    bed.site.survey(&bed.host).await.unwrap();
    bed.machine().cut();
    testkit::wait_until(testkit::LIMIT, || async {
        bed.site.list(&bed.host, &["/etc".into()]).await.is_ok()
    })
    .await;
}
