use super::{certificate_id, segments};

fn parts(path: &str) -> Vec<String> {
    segments(path).unwrap()
}

#[test]
fn a_path_is_decoded_part_by_part() {
    assert_eq!(parts("/api/v1/listeners/edge-lb:443"), ["api", "v1", "listeners", "edge-lb:443"]);
    assert_eq!(
        parts("/listeners/edge-lb%3A443%2fQUIC/default"),
        ["listeners", "edge-lb:443/QUIC", "default"]
    );
    assert_eq!(parts("//api//"), ["api"]);
    for broken in ["/%", "/%4", "/%zz", "/%ff"] {
        assert!(segments(broken).is_err(), "{broken}");
    }
}

#[test]
fn an_id_may_name_a_secret_but_no_path() {
    assert_eq!(certificate_id(&["shop", "web-tls"]).unwrap(), "shop/web-tls");
    assert!(certificate_id(&[]).is_err());
    assert!(certificate_id(&["a b"]).is_err());
    assert!(certificate_id(&["\u{e9}"]).is_err());
}
