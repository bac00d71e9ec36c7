use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;

const MARK: &str = "m";

fn answer(lines: &str) -> Answer {
    Answer::read(format!("{MARK} begin\n{lines}\n{MARK} end 0\n").as_bytes(), MARK).unwrap()
}

#[test]
fn a_process_is_told_by_what_its_host_says() {
    let arguments = STANDARD.encode("/usr/bin/etcd\0--name\0a b\0\0");
    let environment = STANDARD.encode("ETCD_NAME=x=y\nETCD_DATA_DIR=/d\n");
    let folder = STANDARD.encode("/var/lib/etcd");
    let lines = format!(
        "clock 1700000100.500000000 100.25\n\
         process 42 etcd 102 104 2550 no ={arguments} ={environment} ={folder} =L2E=\n\
         process 43 etcd torn"
    );
    let [(Program::Etcd, process)] = &read(&answer(&lines))[..] else { panic!("{lines}") };
    // Started 25.5 s after the host, which started at …000.25.
    assert_eq!(process.started, "2023-11-14T22:13:45.75Z".parse().unwrap());
    assert_eq!(process.arguments, ["/usr/bin/etcd", "--name", "a b", ""]);
    assert_eq!(process.environment["ETCD_NAME"], "x=y");
    assert_eq!(process.working_directory, PathBuf::from("/var/lib/etcd"));
    assert_eq!(process.group, "/a");
    assert_eq!((process.pid, process.uid, process.gid), (42, 102, 104));
}

#[test]
fn names_that_the_kernel_cuts_are_known() {
    let lines = "clock 1700000100.0 100.0\nprocess 7 kube-controller 0 0 1 yes =YQ== = =Lw== =";
    let [(program, process)] = &read(&answer(lines))[..] else { panic!() };
    assert_eq!((*program, process.is_contained), (Program::KubeControllerManager, true));
}

#[test]
fn fractions_of_any_length_are_read() {
    for (text, nanos) in [("5.5", 500_000_000), ("5", 0), ("5.123456789", 123_456_789)] {
        assert_eq!(seconds(text), Some(SignedDuration::new(5, nanos)), "{text}");
    }
    assert_eq!(seconds("?"), None);
}
