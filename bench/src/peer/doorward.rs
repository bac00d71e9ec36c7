//! Doorward: a folder with a Secret and an Ingress for each name; a change is a Secret, renamed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use testkit::{manifest, pki::Issued};

use super::Place;
use crate::site::{Site, replace};

/// Files in one folder, as a person or a Git repository would have them.
const FILES_PER_FOLDER: usize = 1000;

pub fn prepare(program: &Path, site: &Site, place: &Place<'_>) -> Result<Command> {
    let manifests = place.folder.join("manifests");
    fs::create_dir_all(&manifests)?;
    fs::write(manifests.join("common.yaml"), common(site))?;
    for (index, name) in site.names.iter().enumerate() {
        let path = secret_path(&manifests, index);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path.with_extension("ingress.yaml"), ingress(index, name))?;
        fs::write(path, secret(index, &site.pairs[index]))?;
    }
    let mut command = Command::new(program);
    command.arg("run").arg("--manifests").arg(&manifests);
    command.arg("--state").arg(place.folder.join("state"));
    command.args(["--bind", "127.0.0.1", "--log-level", "warn"]);
    command.args(["--admin", &format!("127.0.0.1:{}", place.control)]);
    command.args(["--port-map", &format!("443={},80=0", place.port)]);
    Ok(command)
}

pub fn change(place: &Place<'_>, index: usize, pair: &Issued) -> Result<()> {
    replace(&secret_path(&place.folder.join("manifests"), index), &secret(index, pair))
}

fn secret_path(manifests: &Path, index: usize) -> PathBuf {
    manifests.join(format!("{:04}/{index:06}.yaml", index / FILES_PER_FOLDER))
}

fn secret(index: usize, pair: &Issued) -> String {
    manifest::tls_secret("bench", &format!("tls-{index:06}"), pair)
}

fn ingress(index: usize, name: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n\
         metadata: {{name: web-{index:06}, namespace: bench}}\nspec:\n  ingressClassName: bench\n\
         \x20 tls: [{{hosts: [{name}], secretName: tls-{index:06}}}]\n  rules:\n  - host: {name}\n\
         \x20   http:\n      paths:\n      - {{path: /, pathType: Prefix, backend: {{service: {{name: backend, port: {{number: 80}}}}}}}}\n"
    )
}

fn common(site: &Site) -> String {
    let (host, port) = (site.backend.ip(), site.backend.port());
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: bench}}\n\
         spec: {{controller: doorward.dev/ingress}}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {{name: backend, namespace: bench}}\n\
         spec: {{ports: [{{port: 80, targetPort: {port}}}]}}\n---\n\
         apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
         metadata: {{name: backend-1, namespace: bench, labels: {{kubernetes.io/service-name: backend}}}}\n\
         addressType: IPv4\nports: [{{port: {port}}}]\n\
         endpoints: [{{addresses: [\"{host}\"], conditions: {{ready: true}}}}]\n"
    )
}
