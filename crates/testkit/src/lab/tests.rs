use super::*;

#[tokio::test]
async fn three_masters_come_up_and_leave_nothing_behind() {
    let Some(lab) = Lab::start(Shape::default()).await else { return };
    let names: Vec<_> = lab.machines().iter().map(|machine| machine.must("hostname")).collect();
    assert_eq!(names, ["master-1\n", "master-2\n", "master-3\n"]);
    let owner = lab.machines()[0].must("stat -c %U:%a /var/lib/etcd/cert/ca-key.pem");
    assert_eq!(owner, "etcd:600\n");
    let folder = lab.folder().to_owned();
    drop(lab);
    assert!(!folder.exists());
    assert!(!Path::new("/var/lib/etcd/cert").exists(), "the real machine is as it was");
}

#[tokio::test]
async fn two_labs_stand_side_by_side() {
    let Some(one) = Lab::start(Shape { masters: 1, ..Shape::default() }).await else { return };
    let Some(other) = Lab::start(Shape { masters: 1, ..Shape::default() }).await else { return };
    assert_ne!(one.machines()[0].address, other.machines()[0].address);
}
