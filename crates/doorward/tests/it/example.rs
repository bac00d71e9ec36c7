//! An example in a folder of its own, to be entered command by command as its README prints them.
//! Only the ports are others, and the folders: tests run beside each other.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;
use testkit::{LIMIT, peers, wait_for, wait_until};
use tokio::net::TcpStream;

use crate::printed::{Printed, printed, shows};

/// For a certificate to be ordered, too.
const PATIENCE: Duration = LIMIT.saturating_mul(3);

/// A folder with an example in it, and ports for it.
pub struct Place {
    folder: TempDir,
    name: &'static str,
    /// Those that are printed, and those instead of them.
    ports: Vec<(String, u16)>,
}

impl Place {
    /// `ports`: all that the example binds.
    pub fn of(name: &'static str, ports: &[u16]) -> Self {
        let held: Vec<_> =
            ports.iter().map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let instead = held.iter().map(|listener| listener.local_addr().unwrap().port());
        let ports = ports.iter().map(ToString::to_string).zip(instead).collect();
        let place = Self { folder: tempfile::tempdir().unwrap(), name, ports };
        let copy = place.file("");
        fs::create_dir_all(&copy).unwrap();
        fs::create_dir_all(place.folder.path().join("tmp")).unwrap();
        for file in fs::read_dir(original(name)).unwrap().map(|file| file.unwrap().path()) {
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

    /// A file of the example.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("examples").join(self.name).join(name)
    }

    /// One in what is printed as `/tmp`.
    pub fn temporary(&self, name: &str) -> PathBuf {
        self.folder.path().join("tmp").join(name)
    }

    /// With this place's ports and folder, and the binary that is built already.
    pub fn exchanged(&self, text: &str) -> String {
        let path = self.temporary("").display().to_string();
        let text = text.replace("/tmp/", &path).replace("cargo run --release --", "doorward");
        // Whole numbers: one port may hold the digits of another.
        let numbers = text.split_inclusive(|c: char| !c.is_ascii_digit()).map(|part| {
            let number = part.trim_end_matches(|c: char| !c.is_ascii_digit());
            match self.ports.iter().find(|(port, _)| port == number) {
                Some((_, instead)) => part.replace(number, &instead.to_string()),
                None => part.to_owned(),
            }
        });
        numbers.collect()
    }

    /// The commands of the README. What they talk to has been brought.
    pub fn printed(&self) -> Vec<Printed> {
        let text = fs::read_to_string(original(self.name).join("README.md")).unwrap();
        let mut printed = printed(&self.exchanged(&text));
        printed.retain(|printed| !printed.command.starts_with("cargo xtask peers"));
        printed
    }

    fn shell(&self, command: &str) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let folders = [self.folder.path().join("bin"), peers::folder()];
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
    pub async fn enter(&self, command: &str, printed: &str) {
        wait_for(PATIENCE, || async {
            let answer = tokio::process::Command::from(self.shell(command)).output().await.unwrap();
            let text = String::from_utf8_lossy(&answer.stdout);
            (answer.status.success() && shows(&text, printed)).then_some(())
        })
        .await;
    }

    /// Runs it for as long as the terminal stands.
    pub fn open(&self, name: &str, command: &str) -> Terminal {
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

    pub async fn listens(&self, printed: u16) {
        let port: u16 = self.exchanged(&printed.to_string()).parse().unwrap();
        wait_until(PATIENCE, || async { TcpStream::connect(("127.0.0.1", port)).await.is_ok() })
            .await;
    }
}

fn original(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

/// Ends what runs in it as Ctrl-C does: what that has started ends with it.
pub struct Terminal {
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
