//! A switch for the machines of one lab, in a network namespace of its own: when its process
//! ends, every cable goes with it, also the one to this machine.

use std::{
    io,
    net::Ipv4Addr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{child::Child, wait_until};

/// Of 198.18.0.0/15, which no network but one under test may use (RFC 2544).
pub struct Network {
    switch: Child,
    number: u8,
}

impl Network {
    /// Finds a number that no other lab of this machine has.
    pub async fn new() -> io::Result<Self> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"]);
        // A Ctrl-C is not for it: there is still something to say over it.
        let switch = Child::spawn(command.process_group(0))?;
        let pid = switch.id();
        left(pid, "net").await;
        for line in ["ip link add name switch type bridge", "ip link set dev switch up"] {
            inside(pid, line)?;
        }
        // Taking the name is what takes the number.
        let number = (1..=250).find(|number| {
            let cable = format!("ip link add name dw{number} type veth peer name lab netns {pid}");
            run(&mut words(&cable)).is_ok()
        });
        let number = number.ok_or_else(|| io::Error::other("no cable to the lab can be laid"))?;
        let network = Self { switch, number };
        inside(pid, "ip link set dev lab master switch up")?;
        let address = network.address(254);
        run(&mut words(&format!("ip address add {address}/24 dev dw{number}")))?;
        run(&mut words(&format!("ip link set dev dw{number} up")))?;
        Ok(network)
    }

    pub fn address(&self, machine: u8) -> Ipv4Addr {
        Ipv4Addr::new(198, 18, self.number, machine)
    }

    /// Connects the machine whose first process is `pid`.
    pub fn plug(&self, machine: u8, pid: u32) -> io::Result<()> {
        let switch = self.switch.id();
        let cable = format!("m{machine}");
        inside(switch, &format!("ip link add name {cable} type veth peer name eth0 netns {pid}"))?;
        inside(switch, &format!("ip link set dev {cable} master switch up"))?;
        inside(pid, "ip link set dev lo up")?;
        inside(pid, &format!("ip address add {}/24 dev eth0", self.address(machine)))?;
        inside(pid, "ip link set dev eth0 up")
    }
}

/// Waits until process `pid` has left our namespace of this kind.
pub async fn left(pid: u32, kind: &str) {
    let ours = std::fs::read_link(format!("/proc/self/ns/{kind}")).expect("we have one");
    let theirs = PathBuf::from(format!("/proc/{pid}/ns/{kind}"));
    wait_until(crate::LIMIT, || {
        let has_left = std::fs::read_link(&theirs).is_ok_and(|theirs| theirs != ours);
        async move { has_left }
    })
    .await;
}

/// Runs a command in the network of process `pid`.
fn inside(pid: u32, line: &str) -> io::Result<()> {
    let mut command = Command::new("nsenter");
    command.args(["--target", &pid.to_string(), "--net"]).args(line.split(' '));
    run(&mut command).map(drop)
}

fn words(line: &str) -> Command {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().expect("a line has a word"));
    command.args(words);
    command
}

/// The output of a command that must succeed.
pub fn run(command: &mut Command) -> io::Result<Output> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let program = Path::new(command.get_program()).display();
    Err(io::Error::other(format!("{program}: {}: {}", output.status, said.trim())))
}
