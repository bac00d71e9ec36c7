//! The real kubectl, as people use it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use testkit::{LIMIT, cluster::Cluster, peers::need, wait_for};

/// `kubectl`, pointed at the cluster.
pub struct Kubectl {
    tool: PathBuf,
    kubeconfig: PathBuf,
    folder: tempfile::TempDir,
}

impl Kubectl {
    pub fn new(cluster: &Cluster) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        Some(Self { tool: need("kubectl")?, kubeconfig: cluster.kubeconfig(), folder })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn run(&self, line: &str) -> Output {
        Command::new(&self.tool)
            .args(line.split_whitespace())
            .env("KUBECONFIG", &self.kubeconfig)
            // Discovery is cached there.
            .env("HOME", self.folder())
            .current_dir(self.folder())
            .output()
            .unwrap()
    }

    #[track_caller]
    pub fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl {line}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Repeats a look until it shows all of this.
    pub async fn shows(&self, line: &str, parts: &[&str]) -> String {
        wait_for(LIMIT, || async {
            let text = self.ok(line);
            parts.iter().all(|part| text.contains(part)).then_some(text)
        })
        .await
    }
}
