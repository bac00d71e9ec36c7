//! How long the first load of a folder takes. Certificates are what there is most of: run
//! `cargo bench -p watch`.

use std::{fs, path::Path};

use testkit::pki::TestCa;
use watch::{Folder, FolderOptions};

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 100, 10_000], sample_count = 5)]
fn ten_thousand_secrets_in_files(bencher: divan::Bencher<'_, '_>, files: usize) {
    let home = tempfile::tempdir().expect("a temporary folder");
    write_secrets(home.path(), 10_000, files);
    bencher.bench_local(|| {
        let world = load(home.path());
        assert_eq!((world.secrets.len(), world.faults.len()), (10_000, 0));
    });
}

fn load(root: &Path) -> translate::World {
    Folder::new(FolderOptions {
        roots: vec![root.to_owned()],
        state: None,
        store_namespace: "doorward-system".into(),
    })
    .load()
}

/// Secrets with chains of two, spread evenly over the files.
fn write_secrets(folder: &Path, secrets: usize, files: usize) {
    let ca = TestCa::new("root").intermediate("middle");
    let mut text = String::new();
    for index in 0..secrets {
        let pair = ca.leaf(&[&format!("host-{index}.test")]);
        text += &format!(
            "---\napiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata:\n  \
             name: cert-{index}\n  namespace: shop\nstringData:\n  tls.crt: |\n{}  tls.key: |\n{}",
            indent(&pair.chain_pem),
            indent(&pair.key_pem)
        );
        let per_file = secrets / files;
        if (index + 1) % per_file == 0 {
            fs::write(folder.join(format!("{index}.yaml")), &text).expect("room for the file");
            text.clear();
        }
    }
}

fn indent(pem: &str) -> String {
    pem.lines().map(|line| format!("    {line}\n")).collect()
}
