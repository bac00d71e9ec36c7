//! What a handshake offers beside the certificate: cipher suites, and a stapled OCSP response.

use std::{path::Path, process::Stdio, sync::Arc};

use model::{Binding, Certificate, Listener, PrivateKey, TlsSettings};
use rustls::CipherSuite;
use testkit::{
    LIMIT, peers,
    pki::{KeyKind, LeafOptions, TestCa},
};
use tokio::process::Command;

use crate::{
    servers::{server, sharing},
    stage::{Stage, additional, default, https},
};

#[tokio::test]
async fn of_tls12_only_the_suites_that_are_allowed_are_spoken() {
    let Some(openssl) = peers::need("openssl") else { return };
    let ca = TestCa::new("root");
    let rsa = ca.issue(&["shop.test"], LeafOptions::key(KeyKind::Rsa2048));
    let plain = https(443, vec![default(&rsa), additional(&ca.leaf(&["shop.test"]))]);
    let allowing = |suites: &[CipherSuite]| {
        let ciphers = Some(suites.iter().map(|suite| u16::from(*suite)).collect());
        let tls = plain.tls.clone().map(|tls| TlsSettings { ciphers, ..tls });
        vec![Listener { tls, ..plain.clone() }]
    };
    let rsa_only = CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384;
    let stage = Stage::new(allowing(&[rsa_only])).await;
    let shake = async |version| s_client(&stage, &openssl, "shop.test", &[version]).await;
    let text = shake("-tls1_2").await;
    assert!(text.contains("Cipher is ECDHE-RSA-AES256-GCM-SHA384"), "{text}");
    let text = shake("-tls1_3").await;
    assert!(text.contains("TLSv1.3, Cipher is TLS_AES_"), "TLS 1.3 is none of it: {text}");
    assert!(text.to_lowercase().contains("signature type: ecdsa"), "{text}");

    stage.publish(allowing(&[])).await;
    let text = shake("-tls1_2").await;
    assert!(text.contains("Cipher is (NONE)"), "{text}");
    let text = shake("-tls1_3").await;
    assert!(text.contains("TLSv1.3, Cipher is TLS_AES_"), "{text}");
}

/// What openssl tells of one handshake.
async fn s_client(stage: &Stage, openssl: &Path, name: &str, more: &[&str]) -> String {
    let address = stage.address(443).to_string();
    let shaking = Command::new(openssl)
        .args(["s_client", "-connect", &address, "-servername", name])
        .args(more)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(LIMIT, shaking).await.unwrap().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The same certificate with an OCSP response at its side.
fn stapled(binding: Binding, response: &[u8]) -> Binding {
    let plain = binding.certificate.unwrap();
    let certificate = Certificate {
        ocsp_staple: Some(response.into()),
        key: PrivateKey::new(plain.key.expose().clone_key()),
        names: plain.names.clone(),
        subject: plain.subject.clone(),
        issuer: plain.issuer.clone(),
        serial: plain.serial.clone(),
        leaf: plain.leaf.clone(),
        issuers: plain.issuers.clone(),
        ..*plain
    };
    Binding { certificate: Some(Arc::new(certificate)), ..binding }
}

#[tokio::test]
async fn a_stapled_response_goes_with_its_certificate_and_no_other() {
    let Some(openssl) = peers::need("openssl") else { return };
    let ca = TestCa::new("root");
    let leaf = ca.leaf(&["with.test", "without.test"]);
    let with = vec![stapled(additional(&leaf), &ca.ocsp_response(&leaf))];
    // The same leaf and key on two servers of one listener.
    let stage = Stage::new(vec![sharing(vec![
        server("with", &["with.test"], with),
        server("without", &["without.test"], vec![additional(&leaf)]),
    ])])
    .await;
    let status = async |name| s_client(&stage, &openssl, name, &["-status"]).await;
    let text = status("with.test").await;
    assert!(text.contains("OCSP Response Status: successful"), "{text}");
    assert!(text.contains("Cert Status: good"), "{text}");
    let text = status("without.test").await;
    assert!(text.contains("OCSP response: no response sent"), "{text}");
}
