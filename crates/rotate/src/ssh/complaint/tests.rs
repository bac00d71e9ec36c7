use super::*;

fn told(stderr: &str) -> String {
    error(&HostName("master-3".to_owned()), "10.0.0.3", stderr).to_string()
}

#[test]
fn what_the_operator_can_cure_is_a_refusal() {
    let changed = "@@@@@@@\r\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\n@@@@@@@\r\n\
                   Host key verification failed.\r\n";
    assert!(told(changed).starts_with("master-3: the host key of 10.0.0.3 is not the known one"));
    let unknown = "No ED25519 host key is known for 10.0.0.3.\r\nHost key verification failed.\r\n";
    assert!(told(unknown).contains("is not known. Compare it"));
    let denied = "root@10.0.0.3: Permission denied (publickey,password).\r\n";
    assert!(
        told(denied).starts_with(
            "master-3: SSH refused the login to 10.0.0.3 (publickey,password): no key"
        )
    );
    let forbidden = "channel 2: open failed: administratively prohibited: open failed\r\n";
    assert!(told(forbidden).contains("AllowTcpForwarding"));
}

#[test]
fn the_rest_is_an_unreachable_host_with_the_last_words_of_ssh() {
    let refused = "ssh: connect to host 10.0.0.3 port 22: Connection refused\r\n";
    assert_eq!(
        told(refused),
        "master-3: no SSH to 10.0.0.3: ssh: connect to host 10.0.0.3 port 22: Connection refused"
    );
    assert!(told("").ends_with("the connection ended without a word"));
    let host = HostName("master-3".to_owned());
    assert!(matches!(error(&host, "10.0.0.3", refused), SiteError::Unreachable { .. }));
}
