//! Bad input: each gets its verdict, and everything else is served.

use std::os::unix::fs::PermissionsExt;

use testkit::{
    app::App,
    manifest::tls_secret,
    peers,
    pki::{Issued, LeafOptions, TestCa},
    tls::TlsClient,
};

use crate::{
    certificates::shown,
    manifests::{CLASS, fixed},
    setup,
};

/// A host with a good certificate beside whatever a story adds.
struct Beside {
    app: App,
    ca: TestCa,
    good: Issued,
}

impl Beside {
    async fn start() -> Self {
        let ca = TestCa::new("root");
        let good = ca.leaf(&["good.test"]);
        let app = setup()
            .manifest("class.yaml", CLASS)
            .manifest(
                "good.yaml",
                &fixed("good", "web", "good.test", "{hosts: [good.test], secretName: tls}", "good"),
            )
            .manifest("good-tls.yaml", &tls_secret("good", "tls", &good))
            .start()
            .await;
        Self { app, ca, good }
    }

    /// An Ingress for `bad.test` whose Secret holds this pair.
    fn add_pair(&self, pair: &Issued) {
        let tls = "{hosts: [bad.test], secretName: tls}";
        self.app.write("bad.yaml", &fixed("bad", "web", "bad.test", tls, "bad"));
        self.app.write("bad-tls.yaml", &tls_secret("bad", "tls", pair));
    }

    async fn still_serves(&self) {
        let address = self.app.address("web", 443).await;
        shown(address, "good.test", &self.good).await;
        let answer = TlsClient::trusting(&self.ca).get(address, "good.test", "/").await.unwrap();
        assert_eq!(answer.text(), "good");
    }

    /// Waits for the verdict on the Ingress and its text.
    async fn verdict(&self, reason: &str, says: &str) {
        let verdict = self.app.verdict("Ingress bad/web", reason).await;
        let message = verdict["message"].as_str().unwrap();
        assert!(message.contains(says), "{says:?} is missing in {message:?}");
        assert!(!message.contains('\n'), "one line: {message:?}");
        self.still_serves().await;
    }
}

#[tokio::test]
async fn a_key_of_another_certificate() {
    let beside = Beside::start().await;
    let (pair, other) = (beside.ca.leaf(&["bad.test"]), beside.ca.leaf(&["bad.test"]));
    beside.add_pair(&Issued { key_pem: other.key_pem, ..pair });
    beside.verdict("SecretInvalid", "key").await;
}

#[tokio::test]
async fn garbage_instead_of_a_certificate() {
    let beside = Beside::start().await;
    let pair = beside.ca.leaf(&["bad.test"]);
    beside.add_pair(&Issued { chain_pem: "not PEM".into(), ..pair });
    beside.verdict("SecretInvalid", "PEM").await;
}

#[tokio::test]
async fn an_empty_certificate() {
    let beside = Beside::start().await;
    let pair = beside.ca.leaf(&["bad.test"]);
    beside.add_pair(&Issued { chain_pem: String::new(), ..pair });
    beside.verdict("SecretInvalid", "tls.crt").await;
}

#[tokio::test]
async fn an_encrypted_key() {
    let Some(openssl) = peers::need("openssl") else { return };
    let beside = Beside::start().await;
    let pair = beside.ca.leaf(&["bad.test"]);
    let folder = tempfile::tempdir().unwrap();
    let (plain, sealed) = (folder.path().join("plain"), folder.path().join("sealed"));
    std::fs::write(&plain, &pair.key_pem).unwrap();
    let made = std::process::Command::new(openssl)
        .args(["pkcs8", "-topk8", "-passout", "pass:secret", "-in"])
        .args([plain.as_os_str(), "-out".as_ref(), sealed.as_os_str()])
        .status()
        .unwrap();
    assert!(made.success());
    beside.add_pair(&Issued { key_pem: std::fs::read_to_string(sealed).unwrap(), ..pair });
    beside.verdict("SecretInvalid", "encrypted").await;
}

#[tokio::test]
async fn a_chain_whose_leaf_is_not_first() {
    let beside = Beside::start().await;
    let pair = beside.ca.intermediate("middle").leaf(&["bad.test"]);
    let issuers = pair.chain_pem.strip_prefix(&pair.cert_pem).unwrap();
    beside.add_pair(&Issued { chain_pem: format!("{issuers}{}", pair.cert_pem), ..pair.clone() });
    beside.verdict("SecretInvalid", "first").await;
}

#[tokio::test]
async fn a_key_that_is_too_weak() {
    let beside = Beside::start().await;
    beside.add_pair(&testkit::pki::rsa_1024());
    beside.verdict("SecretInvalid", "2048").await;
}

#[tokio::test]
async fn an_expired_certificate() {
    let beside = Beside::start().await;
    beside.add_pair(&beside.ca.issue(&["bad.test"], LeafOptions::expired()));
    beside.verdict("CertificateExpired", "expired").await;
}

#[tokio::test]
async fn a_certificate_that_is_not_yet_valid() {
    let beside = Beside::start().await;
    beside.add_pair(&beside.ca.issue(&["bad.test"], LeafOptions::not_yet_valid()));
    beside.verdict("CertificateNotYetValid", "valid").await;
}

#[tokio::test]
async fn a_certificate_for_another_host() {
    let beside = Beside::start().await;
    beside.add_pair(&beside.ca.leaf(&["other.test"]));
    beside.verdict("HostNotCovered", "bad.test").await;
}

#[tokio::test]
async fn a_missing_secret() {
    let beside = Beside::start().await;
    let tls = "{hosts: [bad.test], secretName: nowhere}";
    beside.app.write("bad.yaml", &fixed("bad", "web", "bad.test", tls, "bad"));
    beside.verdict("SecretNotFound", "nowhere").await;
}

#[tokio::test]
async fn broken_yaml_says_where_and_keeps_the_last_good_objects() {
    let beside = Beside::start().await;
    let path = beside.app.manifests().join("good.yaml");
    beside.app.write("good.yaml", "apiVersion: v1\nkind: {unfinished\n");
    let verdict = wait_for_reason(&beside.app, "InvalidFile").await;
    let origin = verdict["origin"].as_str().unwrap_or_default();
    assert!(origin.starts_with(path.to_str().unwrap()), "{verdict:#}");
    beside.still_serves().await;
}

#[tokio::test]
async fn a_secret_of_ten_megabytes() {
    let beside = Beside::start().await;
    let pair = beside.ca.leaf(&["bad.test"]);
    beside.add_pair(&Issued { chain_pem: "A".repeat(10 << 20), ..pair });
    beside.verdict("SecretInvalid", "1048576 at most").await;
}

#[tokio::test]
async fn unknown_kinds_and_doubles() {
    let beside = Beside::start().await;
    beside
        .app
        .write("widget.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n");
    wait_for_reason(&beside.app, "UnknownKind").await;
    beside.app.write("double.yaml", CLASS);
    wait_for_reason(&beside.app, "DuplicateObject").await;
    beside.still_serves().await;
}

#[tokio::test]
async fn an_unreadable_file_keeps_what_it_said() {
    let beside = Beside::start().await;
    let path = beside.app.manifests().join("good-tls.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        return; // root reads everything
    }
    wait_for_reason(&beside.app, "InvalidFile").await;
    beside.still_serves().await;
}

#[tokio::test]
async fn a_folder_that_vanishes_and_returns() {
    let beside = Beside::start().await;
    let folder = beside.app.manifests();
    let aside = folder.with_extension("aside");
    std::fs::rename(&folder, &aside).unwrap();
    beside.still_serves().await;
    std::fs::rename(&aside, &folder).unwrap();
    beside.app.write(
        "more.yaml",
        &fixed("more", "web", "more.test", "{hosts: [good.test], secretName: tls}", "more"),
    );
    testkit::wait_for(testkit::LIMIT, || async {
        (!beside.app.verdicts("Ingress more/web").await.is_empty()).then_some(())
    })
    .await;
    beside.still_serves().await;
}

/// Waits until any object has a verdict with this reason.
async fn wait_for_reason(app: &App, reason: &str) -> serde_json::Value {
    testkit::wait_for(testkit::LIMIT, || async {
        let verdicts = app.get("/api/v1/verdicts").await.json();
        verdicts.as_array()?.iter().find(|verdict| verdict["reason"] == reason).cloned()
    })
    .await
}
