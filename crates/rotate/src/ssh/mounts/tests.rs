use super::*;

const HOST: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 8:2 / /data rw,relatime shared:2 - ext4 /dev/sdb1 rw
90 22 0:45 / /var/lib/docker/overlay2/ab/merged rw - overlay overlay rw";

const CONTAINER: &str = "\
91 80 0:45 / / rw - overlay overlay rw
92 91 0:50 / /proc rw - proc proc rw
93 91 8:2 /etcd/my\\040pki /etc/ssl/etcd/ssl ro - ext4 /dev/sdb1 rw
94 91 8:1 /srv/ca.pem /ca.pem ro - ext4 /dev/sda1 rw";

#[test]
fn what_a_container_sees_is_found_on_its_host() {
    let found = on_host(&mounts(CONTAINER), &mounts(HOST));
    let found: Vec<_> =
        found.iter().map(|(a, b)| (a.to_str().unwrap(), b.to_str().unwrap())).collect();
    assert_eq!(
        found,
        [
            ("/", "/var/lib/docker/overlay2/ab/merged"),
            ("/etc/ssl/etcd/ssl", "/data/etcd/my pki"),
            ("/ca.pem", "/srv/ca.pem"),
        ],
        "its own /proc is nowhere on the host"
    );
}
