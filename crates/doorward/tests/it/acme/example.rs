//! The example, command by command as its README prints them. Only the ports are others, and the
//! folders: tests run beside each other.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use tempfile::TempDir;
use testkit::{peers, wait_for, wait_until};
use tokio::net::TcpStream;

use super::ORDERED;
use crate::printed::{Printed, printed};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/acme");
/// Those that the example binds, and `doorward` by default.
const PORTS: [u16; 7] = [8080, 8443, 14000, 14001, 14053, 14055, 15000];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_works_as_printed() {
    if ["pebble", "pebble-challtestsrv", "openssl", "curl"].map(peers::need).contains(&None) {
        return;
    }
    let place = Place::new();
    let mut terminals = Vec::new();
    let mut entered = 0;
    for Printed { command, output } in place.printed() {
        if command.contains("pebble.sh") {
            terminals.push(place.open("pebble", &command));
            place.listens(14000).await;
        } else if command.contains(" run ") {
            let admin = place.exchanged(" --admin 127.0.0.1:15000");
            terminals.push(place.open("doorward", &(command + &admin)));
            place.listens(15000).await;
        } else {
            place.enter(&command, &output).await;
            entered += 1;
        }
    }
    assert!(entered >= 4, "only {entered} commands are printed");
    place.enter("doorward get orders | grep Served", "").await;
}

/// A folder with the example in it, and ports for it.
struct Place {
    folder: TempDir,
    ports: [u16; PORTS.len()],
}

impl Place {
    fn new() -> Self {
        let held = PORTS.map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = held.map(|listener| listener.local_addr().unwrap().port());
        let place = Self { folder: tempfile::tempdir().unwrap(), ports };
        let copy = place.folder.path().join("examples/acme");
        fs::create_dir_all(&copy).unwrap();
        for file in fs::read_dir(EXAMPLE).unwrap().map(|file| file.unwrap().path()) {
            let to = copy.join(file.file_name().unwrap());
            fs::copy(&file, &to).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            fs::write(to, place.exchanged(&text)).unwrap();
        }
        let binary = place.folder.path().join("bin/doorward");
        fs::create_dir_all(binary.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(crate::BINARY, binary).unwrap();
        place
    }

    /// With this place's ports and folder, and the binary that is built already.
    fn exchanged(&self, text: &str) -> String {
        let path = self.folder.path().join("acme").display().to_string();
        let text = text.replace("/tmp/acme", &path).replace("cargo run --release --", "doorward");
        // Whole numbers: one port may hold the digits of another.
        let numbers = text.split_inclusive(|c: char| !c.is_ascii_digit()).map(|part| {
            let number = part.trim_end_matches(|c: char| !c.is_ascii_digit());
            match PORTS.iter().position(|port| port.to_string() == number) {
                Some(index) => part.replace(number, &self.ports[index].to_string()),
                None => part.to_owned(),
            }
        });
        numbers.collect()
    }

    /// The commands of the README. What they talk to has been brought.
    fn printed(&self) -> Vec<Printed> {
        let text = fs::read_to_string(Path::new(EXAMPLE).join("README.md")).unwrap();
        let mut printed = printed(&self.exchanged(&text));
        printed.retain(|printed| !printed.command.starts_with("cargo xtask peers"));
        printed
    }

    fn shell(&self, command: &str) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let peers = peers::need("pebble").unwrap();
        let folders = [&self.folder.path().join("bin"), peers.parent().unwrap()];
        let folders = folders.map(|folder| folder.display().to_string()).join(":");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(self.folder.path())
            .env("PATH", format!("{folders}:{path}"))
            .env("DOORWARD_ADMIN", self.exchanged("127.0.0.1:15000"))
            .env_remove("RUST_LOG");
        shell
    }

    /// Runs it until it goes well and answers as printed: a newcomer tries again, too.
    async fn enter(&self, command: &str, printed: &str) {
        wait_for(ORDERED, || async {
            let answer = tokio::process::Command::from(self.shell(command)).output().await.unwrap();
            let text = String::from_utf8_lossy(&answer.stdout);
            let is_it = answer.status.success() && text.trim().contains(printed.trim());
            is_it.then_some(())
        })
        .await;
    }

    /// Runs it for as long as the terminal stands.
    fn open(&self, name: &str, command: &str) -> Terminal {
        let log = self.folder.path().join(name).with_extension("log");
        let file = File::create(&log).unwrap();
        let child = self
            .shell(&format!("exec {command}"))
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Terminal { child, log }
    }

    async fn listens(&self, printed: u16) {
        let port: u16 = self.exchanged(&printed.to_string()).parse().unwrap();
        wait_until(ORDERED, || async { TcpStream::connect(("127.0.0.1", port)).await.is_ok() })
            .await;
    }
}

/// Ends what runs in it as Ctrl-C does: what that has started ends with it.
struct Terminal {
    child: Child,
    log: PathBuf,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{}:\n{}", self.log.display(), fs::read_to_string(&self.log).unwrap());
        }
    }
}
