//! What lets the operator of a lab log in: keys, known hosts, and the settings of both sides.

use std::{fs, io, net::Ipv4Addr, path::Path, process::Command};

use super::network;

/// Writes all of it into `folder`, for `user` at `addresses`. With a `port` sshd listens there, on
/// the first of the addresses alone.
pub fn write(
    folder: &Path,
    user: &str,
    addresses: &[Ipv4Addr],
    port: Option<u16>,
) -> io::Result<()> {
    for name in ["operator", "host"] {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(folder.join(name));
        network::run(&mut command)?;
    }
    let host = fs::read_to_string(folder.join("host.pub"))?;
    let known = addresses.iter().map(|address| match port {
        Some(port) => format!("[{address}]:{port} {host}"),
        None => format!("{address} {host}"),
    });
    fs::write(folder.join("known_hosts"), known.collect::<String>())?;
    fs::copy(folder.join("operator.pub"), folder.join("authorized_keys"))?;
    let here = folder.display();
    let to = port.map(|port| format!("  Port {port}\n")).unwrap_or_default();
    fs::write(
        folder.join("ssh_config"),
        format!(
            "Host *\n  User {user}\n{to}  IdentityFile {here}/operator\n  IdentitiesOnly yes\n  \
             UserKnownHostsFile {here}/known_hosts\n  GlobalKnownHostsFile /dev/null\n  \
             StrictHostKeyChecking yes\n"
        ),
    )?;
    let at = port.map(|port| format!("Port {port}\nListenAddress {}\n", addresses[0]));
    fs::write(
        folder.join("sshd_config"),
        format!(
            "{}HostKey {here}/host\nAuthorizedKeysFile {here}/authorized_keys\n\
             PermitRootLogin prohibit-password\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nUsePAM no\nStrictModes no\nPidFile none\n\
             MaxStartups 100\n",
            at.unwrap_or_default()
        ),
    )
}
