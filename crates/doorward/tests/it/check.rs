//! `doorward check`: what would be served, and every problem with its place.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::{
    BINARY,
    manifests::{CLASS, OWN_CA, fixed},
};

/// Standard output and exit code of `doorward check .` in a folder of these files.
fn check(files: &[(&str, &str)], arguments: &[&str]) -> (String, i32) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let output = Command::new(BINARY)
        .args(["check", "."])
        .args(arguments)
        .current_dir(folder.path())
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(error, "");
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

#[test]
fn a_clean_folder_shows_what_would_be_served() {
    let hello = fixed("demo", "hello", "hello.test", "{hosts: [hello.test]}", "hello");
    let files = [("class.yaml", CLASS), ("hello.yaml", &hello), ("doorward.yaml", OWN_CA)];
    let (text, code) = check(&files, &[]);
    assert_eq!(code, 0);
    assert_eq!(
        text,
        "\
LISTENER  PROTOCOL  ADDRESS      CERTS  EXPIRES  PROBLEMS  DEFAULT
web:80    HTTP      0.0.0.0:80   0      -        0         -
web:443   HTTPS     0.0.0.0:443  1      -        0         doorward-system/issued-hello.test

web:443
CERTIFICATE                        DEFAULT  SOURCE  STATUS   EXPIRES  NAMES
doorward-system/issued-hello.test  yes      Issued  Pending  -        hello.test

HOST           CERTIFICATE                        FOUND
hello.test     doorward-system/issued-hello.test  Pending
(other names)  -                                  Nothing
(no name)      -                                  Nothing

no problems
"
    );
}

#[test]
fn each_problem_is_a_line_with_its_place() {
    let shop =
        fixed("shop", "web", "shop.test", "{hosts: [shop.test], secretName: nowhere}", "shop");
    let files = [("class.yaml", CLASS), ("shop.yaml", &shop), ("broken.yaml", "# a list\na: [\n")];
    let (text, code) = check(&files, &[]);
    assert_eq!(code, 1);
    let problems: Vec<_> = text.lines().skip_while(|line| !line.starts_with("./")).collect();
    assert_eq!(problems.len(), 4, "{text}");
    assert_eq!(problems[3], "2 problems");
    // The messages are the stages' own; the frame around them is ours.
    for (problem, begins, ends) in [
        (problems[0], "./broken.yaml:2: rejected: ", "(InvalidFile)"),
        (
            problems[1],
            "./shop.yaml:1: rejected: Ingress shop/web, spec.tls[0].secretName: ",
            "(SecretNotFound)",
        ),
    ] {
        assert!(problem.starts_with(begins) && problem.ends_with(ends), "{problem}");
    }
    assert_eq!(problems[0].matches("broken.yaml").count(), 1, "a file is named once");
}

#[test]
fn json_has_listeners_and_verdicts() {
    let hello = fixed("demo", "hello", "hello.test", "{hosts: [hello.test]}", "hello");
    let (text, code) = check(
        &[("class.yaml", CLASS), ("hello.yaml", &hello), ("doorward.yaml", OWN_CA)],
        &["-o", "json"],
    );
    assert_eq!(code, 0);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["listeners"].as_array().unwrap().len(), 2);
    assert_eq!(report["listeners"][1]["certificates"][0]["status"], "Pending");
    assert_eq!(report["verdicts"][0]["state"], "Accepted");
}

/// Settings and objects that the pages show are read without a word against them. What only a
/// cluster around them would have (Secrets, Services, classes) is missing, and may be.
#[test]
fn every_sample_of_the_docs_is_well_written() {
    const MISTAKES: [&str; 5] =
        ["InvalidFile", "UnknownKind", "InvalidField", "InvalidAnnotation", "UnknownKey"];
    const SETTINGS: [&str; 3] = ["elb:", "mesh:", "sds:"];
    let (mut objects, mut settings) = (0, 0);
    for (page, sample) in samples() {
        if sample.contains("\nkind: ClusterInventory\n") {
            // No object of a cluster; crate `rotate` reads it in a test of its own.
        } else if sample.starts_with("apiVersion:") {
            let (report, _) = check(&[("sample.yaml", &sample)], &["-o", "json"]);
            let report: Value = serde_json::from_str(&report).unwrap();
            let verdicts = report["verdicts"].as_array().unwrap().iter();
            let mistakes: Vec<_> = verdicts
                .filter(|verdict| MISTAKES.iter().any(|reason| verdict["reason"] == *reason))
                .collect();
            assert!(mistakes.is_empty(), "{page}: {mistakes:#?}\n{sample}");
            objects += 1;
        } else if SETTINGS.iter().any(|key| sample.starts_with(key)) {
            let (text, code) = check(&[("doorward.yaml", &sample)], &[]);
            assert_eq!(code, 0, "{page}: {text}\n{sample}");
            settings += 1;
        }
    }
    assert!(objects >= 5 && settings >= 4, "only {objects} objects and {settings} settings");
}

/// What stands in `yaml` blocks of the pages, with each page's name.
fn samples() -> Vec<(String, String)> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let entries = std::fs::read_dir(docs).unwrap().map(|entry| entry.unwrap().path());
    let pages = entries.filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    let samples = pages.flat_map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        let blocks = text.split("```yaml\n").skip(1);
        let blocks = blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned());
        blocks.map(|block| (path.display().to_string(), block)).collect::<Vec<_>>()
    });
    samples.collect()
}

#[test]
fn every_example_is_clean() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut checked = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let output = Command::new(BINARY).arg("check").arg(&path).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{}:\n{text}{}",
            path.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        checked += 1;
    }
    assert!(checked >= 4, "only {checked} examples");
}
