//! What goes wrong with real machines: three masters with a real etcd and a real sshd, faults put
//! in from outside, and somebody who writes to etcd meanwhile. Each story tells what must be said
//! and what must be so afterwards. Skipped where no such machines can be made.

mod connection;
mod expired;
mod layouts;
mod logins;
mod members;
mod refusals;

use testkit::lab::{Lab, Machine, Shape, Timing};

async fn lab() -> Option<Lab> {
    let shape = Shape { has_api_servers: true, timing: Timing::Default, ..Shape::default() };
    Lab::start(shape).await
}

/// The machine that a step is told to be at.
fn machine<'l>(lab: &'l Lab, step: &str) -> &'l Machine {
    let (_, rest) = step.split_once(" on ").unwrap();
    let name = rest.split([':', ',']).next().unwrap();
    lab.machines().iter().find(|machine| machine.name == name).unwrap()
}

/// From now on the machine does something before its systemctl is called with words like these (a
/// pattern of the shell's).
fn before_systemctl(machine: &Machine, words: &str, act: &str) {
    machine.must(&format!(
        "cd /usr/local/sbin && mv systemctl systemctl.real && cat >systemctl <<'END'\n\
         #!/bin/sh\n\
         case \"$*\" in {words}) {act} ;; esac\n\
         exec /usr/local/sbin/systemctl.real \"$@\"\n\
         END\n\
         chmod 755 systemctl"
    ));
}
