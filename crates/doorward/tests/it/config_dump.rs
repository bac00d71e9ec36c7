//! `/config_dump` by the recipe that people know from Envoy and Istio.

use std::process::Command;

use testkit::{manifest::tls_secret, peers, pki::TestCa};

use crate::{
    certificates::shown,
    manifests::{CLASS, fixed},
    setup,
};

#[tokio::test]
async fn grep_base64_and_openssl_show_the_served_certificate() {
    let (Some(curl), Some(openssl)) = (peers::need("curl"), peers::need("openssl")) else { return };
    let ca = TestCa::new("root");
    let pair = ca.leaf(&["shop.test", "www.shop.test"]);
    let app = setup()
        .manifest("class.yaml", CLASS)
        .manifest(
            "shop.yaml",
            &fixed(
                "shop",
                "web",
                "shop.test",
                "{hosts: [shop.test], secretName: shop-tls}",
                "shop",
            ),
        )
        .manifest("tls.yaml", &tls_secret("shop", "shop-tls", &pair))
        .start()
        .await;
    shown(app.address("web", 443).await, "shop.test", &pair).await;

    let recipe = format!(
        "{curl} -s http://{admin}/config_dump | grep shop/shop-tls -A 3 | grep inline_bytes \
         | head -1 | cut -d'\"' -f4 | base64 -d | {openssl} x509 -noout -ext subjectAltName",
        curl = curl.display(),
        admin = app.admin(),
        openssl = openssl.display(),
    );
    let output = Command::new("sh").args(["-c", &recipe]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("DNS:shop.test, DNS:www.shop.test"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let dump = app.get("/config_dump").await;
    let secret = &dump.json()["configs"][0]["dynamic_active_secrets"][0];
    assert_eq!(
        secret["secret"]["tls_certificate"]["private_key"]["inline_bytes"],
        "W3JlZGFjdGVkXQ=="
    );
    assert!(secret["last_updated"].as_str().unwrap().ends_with('Z'));
    let base64_of_key = pair.key_pem.lines().nth(1).unwrap();
    assert!(!dump.text().contains(base64_of_key));
}
