use testkit::{
    envoy::Envoy,
    pki::{Issued, KeyKind, LeafOptions, TestCa},
};

use super::pair;
use crate::key;

fn read(key: KeyKind) -> model::Certificate {
    let pair = TestCa::new("root").issue(&["a.test"], LeafOptions::key(key));
    x509::read_pair(pair.chain_pem.as_bytes(), pair.key_pem.as_bytes()).unwrap()
}

#[test]
fn every_kind_of_key_is_written_so_that_it_reads_back_as_the_same() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048, KeyKind::Ed25519] {
        let certificate = read(kind);
        assert_eq!(pair(&certificate), Ok(()), "{kind:?}");
        let written = key::pem(&certificate);
        let chain = x509::chain_pem(&certificate);
        let again = x509::read_pair(chain.as_bytes(), written.as_bytes());
        assert_eq!(again.unwrap().fingerprint, certificate.fingerprint, "{kind:?}");
    }
}

/// What Envoy says to a listener with this pair in its file; `None` if it is content.
fn refusal_of_envoy(pair: &Issued) -> Option<String> {
    let inline = |text: &str| serde_json::to_string(text).unwrap();
    let output = Envoy::validate(&format!(
        "static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: 0}}}}
    filter_chains:
    - transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context: {{tls_certificates: [{{certificate_chain: {{inline_string: {}}}, private_key: {{inline_string: {}}}}}]}}
",
        inline(&pair.chain_pem),
        inline(&pair.key_pem)
    ))?;
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_certificate_that_demands_a_staple_is_kept_back_since_envoy_refuses_it() {
    let issued = |must_staple| {
        let options = LeafOptions { must_staple, ..LeafOptions::default() };
        TestCa::new("root").issue(&["a.test"], options)
    };
    let (plain, stapled) = (issued(false), issued(true));
    let read = x509::read_pair(stapled.chain_pem.as_bytes(), stapled.key_pem.as_bytes()).unwrap();
    assert!(pair(&read).unwrap_err().contains("must-staple"));
    let with_staple = model::Certificate { ocsp_staple: Some([0].into()), ..read };
    assert_eq!(pair(&with_staple), Ok(()));
    if testkit::peers::need("envoy").is_some() {
        assert_eq!(refusal_of_envoy(&plain), None);
        let said = refusal_of_envoy(&stapled).expect("it is refused");
        assert!(said.contains("OCSP response is required"), "{said}");
    }
}

#[test]
fn the_keys_that_are_rewritten_are_those_that_envoy_does_not_read() {
    let as_it_came = TestCa::new("root").issue(&["a.test"], LeafOptions::key(KeyKind::Ed25519));
    let read = x509::read_pair(as_it_came.chain_pem.as_bytes(), as_it_came.key_pem.as_bytes());
    let written = key::pem(&read.unwrap());
    assert_ne!(*written, as_it_came.key_pem);
    if testkit::peers::need("envoy").is_some() {
        assert!(refusal_of_envoy(&as_it_came).is_some());
        let rewritten = Issued { key_pem: written.to_string(), ..as_it_came };
        assert_eq!(refusal_of_envoy(&rewritten), None);
    }
}
