use super::*;

const EC: KeyAlgorithm = KeyAlgorithm::EcdsaP256;
const RSA: KeyAlgorithm = KeyAlgorithm::Rsa { bits: 2048 };

fn verifies(
    schemes: &[SignatureScheme],
    suites: &[CipherSuite],
    tls13: bool,
    algorithm: KeyAlgorithm,
) -> bool {
    let offer = Offer { tls13, ciphers: None };
    ClientAbilities::from_offers(schemes, suites, &offer).verifies(algorithm)
}

#[test]
fn a_scheme_stands_for_its_own_curve_only() {
    let schemes = [SignatureScheme::ECDSA_NISTP256_SHA256];
    let suites = [CipherSuite::TLS13_AES_128_GCM_SHA256];
    assert!(verifies(&schemes, &suites, true, EC));
    for other in [KeyAlgorithm::EcdsaP384, KeyAlgorithm::EcdsaP521, KeyAlgorithm::Ed25519, RSA] {
        assert!(!verifies(&schemes, &suites, true, other), "{other}");
    }
}

#[test]
fn in_tls12_the_cipher_suite_binds_the_kind_of_key() {
    let schemes = [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256];
    let ecdsa = [CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
    let rsa = [CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    assert!(verifies(&schemes, &ecdsa, true, EC) && !verifies(&schemes, &ecdsa, true, RSA));
    assert!(verifies(&schemes, &rsa, true, RSA) && !verifies(&schemes, &rsa, true, EC));
}

#[test]
fn suites_of_tls13_do_not_count_on_a_listener_without_it() {
    let schemes = [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256];
    let suites =
        [CipherSuite::TLS13_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    assert!(verifies(&schemes, &suites, true, EC));
    assert!(!verifies(&schemes, &suites, false, EC));
    assert!(verifies(&schemes, &suites, false, RSA));
}

#[test]
fn suites_that_the_listener_may_not_use_do_not_count() {
    let schemes = [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256];
    let (ecdsa, rsa) = (
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    );
    let offer = Offer { tls13: true, ciphers: Some([u16::from(rsa)].into()) };
    let able = ClientAbilities::from_offers(&schemes, &[ecdsa, rsa], &offer);
    assert!(able.verifies(RSA) && !able.verifies(EC));
    let suites = [CipherSuite::TLS13_AES_128_GCM_SHA256, ecdsa];
    assert!(ClientAbilities::from_offers(&schemes, &suites, &offer).verifies(EC), "not in TLS 1.3");
}

#[test]
fn rsa_by_pkcs1_signs_only_up_to_tls12() {
    let schemes = [SignatureScheme::RSA_PKCS1_SHA256];
    let both =
        [CipherSuite::TLS13_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    assert!(verifies(&schemes, &both, false, RSA));
    assert!(!verifies(&schemes, &both, true, RSA));
}

/// Schemes may come in any order; a later one must not undo an earlier one.
#[test]
fn one_usable_rsa_scheme_is_enough() {
    let schemes = [SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];
    assert!(verifies(&schemes, &[CipherSuite::TLS13_AES_128_GCM_SHA256], true, RSA));
}
