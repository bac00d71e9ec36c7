use super::put;

#[test]
fn only_the_flags_value_changes() {
    let manifest = "    - kube-apiserver\n    - --client-ca-file=/pki/ca.crt # kept\n    \
                    - \"--client-ca-file=/pki/ca.crt\"\n    - --x-client-ca-file=/pki/ca.crt\n";
    let new = put(manifest.as_bytes(), "client-ca-file", "/pki/ca-bundle.crt").expect("there");
    let expected = "    - kube-apiserver\n    - --client-ca-file=/pki/ca-bundle.crt # kept\n    \
                    - \"--client-ca-file=/pki/ca-bundle.crt\"\n    - --x-client-ca-file=/pki/ca.crt\n";
    assert_eq!(String::from_utf8(new).expect("text"), expected);
}

#[test]
fn a_flag_that_is_not_there_is_not_invented() {
    assert_eq!(put(b"- --etcd-cafile=/pki/ca.crt\n", "client-ca-file", "/x"), None);
}
