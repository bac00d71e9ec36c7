//! The site against real machines: their own sshd, etcd and files. Skipped where there are none.

mod discovery;
mod elsewhere;
mod files;
mod logins;
mod programs;
mod talk;

use testkit::lab::{Lab, Machine, Shape};

use super::*;
use crate::inventory::Base;

/// One machine with the site that reaches it.
struct Bed {
    lab: Lab,
    site: Ssh,
    host: HostName,
}

impl Bed {
    async fn new() -> Option<Self> {
        let lab = Lab::start(Shape { masters: 1, ..Shape::default() }).await?;
        let site = Ssh::new(&inventory(&lab)).unwrap();
        Some(Self { lab, site, host: HostName("master-1".to_owned()) })
    }

    fn machine(&self) -> &Machine {
        &self.lab.machines()[0]
    }

    async fn list(&self, folder: &str) -> Vec<String> {
        self.site.list(&self.host, &[folder.into()]).await.unwrap().remove(0)
    }

    async fn read(&self, path: &str) -> FileSeen {
        self.site.read(&self.host, &[path.into()]).await.unwrap().remove(0)
    }
}

fn inventory(lab: &Lab) -> Inventory {
    let file = lab.inventory();
    let text = std::fs::read_to_string(&file).unwrap();
    Inventory::parse(&text, &Base { file, home: None }).unwrap()
}

#[tokio::test]
async fn a_survey_finds_the_process_its_unit_and_the_clock() {
    let Some(bed) = Bed::new().await else { return };
    let survey = bed.site.survey(&bed.host).await.unwrap();
    let [(Program::Etcd, etcd)] = &survey.processes[..] else { panic!("{:?}", survey.processes) };
    assert_eq!(etcd.arguments[..2], ["/usr/local/bin/etcd", "--election-timeout=3000"]);
    assert_eq!(etcd.working_directory, Path::new("/var/lib/etcd"));
    assert_eq!((etcd.uid, etcd.gid), (991, 991));
    assert!(!etcd.is_contained);
    let age = jiff::Timestamp::now().duration_since(etcd.started);
    assert!((0..60).contains(&age.as_secs()), "{age:?}");
    assert!(survey.clock_ahead.abs().as_millis() < 500, "{:?}", survey.clock_ahead);
    let [unit] = &survey.units[..] else { panic!("{:?}", survey.units) };
    assert_eq!(unit.name, "etcd.service");
    assert_eq!(unit.properties["User"], "etcd");
    assert_eq!(unit.properties["MainPID"], etcd.pid.to_string());
    assert!(unit.properties["ExecStart"].contains("--trusted-ca-file=/var/lib/etcd/cert/ca.pem"));
}

#[tokio::test]
async fn a_survey_brings_static_pods_from_where_the_kubelet_looks() {
    let Some(bed) = Bed::new().await else { return };
    bed.machine().must(
        "mkdir -p /var/lib/kubelet /etc/pods /etc/kubernetes/manifests\n\
         echo 'staticPodPath: /etc/pods' >/var/lib/kubelet/config.yaml\n\
         echo 'kind: Pod' >/etc/pods/etcd.yaml\n\
         echo 'kind: Old' >/etc/kubernetes/manifests/a.yml",
    );
    let survey = bed.site.survey(&bed.host).await.unwrap();
    let expected: [(PathBuf, String); 2] = [
        ("/etc/kubernetes/manifests/a.yml".into(), "kind: Old\n".to_owned()),
        ("/etc/pods/etcd.yaml".into(), "kind: Pod\n".to_owned()),
    ];
    assert_eq!(survey.manifests, expected);
}

#[tokio::test]
async fn a_survey_leaves_what_belongs_to_machines_inside_this_one_alone() {
    let Some(bed) = Bed::new().await else { return };
    for (name, program) in [("k3s-server", Program::K3s), ("kubelet", Program::Kubelet)] {
        bed.machine().must(&format!(
            "cp /bin/sleep /run/{name}\n\
             /run/{name} 1000 >/dev/null 2>&1 &\n\
             unshare --pid --fork --kill-child /run/{name} 1000 >/dev/null 2>&1 &"
        ));
        let both = format!("[ $(pgrep -cx {name}) = 2 ]");
        testkit::wait_until(testkit::LIMIT, || async { bed.machine().run(&both).is_ok() }).await;
        let survey = bed.site.survey(&bed.host).await.unwrap();
        let found = survey.processes.iter().filter(|(found, _)| *found == program);
        assert_eq!(found.count(), 1, "{:?}", survey.processes);
    }
}

/// Not a test: the machines of the lab run it as their kube-apiserver.
#[test]
#[ignore = "the machines of the lab run it"]
fn stand_in_for_kube_apiserver() {
    testkit::lab::api_server::run();
}
