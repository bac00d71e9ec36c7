//! Commands typed wrongly, or to nobody.

use std::process::{Command, Output};

use crate::BINARY;

fn doorward(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(BINARY)
        .args(arguments)
        .current_dir(folder.path())
        .env_remove("DOORWARD_ADMIN")
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_printed_crds_are_the_installed_ones() {
    let output = doorward(&["crds"]);
    let installed = [
        include_str!("../../../../deploy/crds/albconfigs.yaml"),
        include_str!("../../../../deploy/crds/issuers.yaml"),
    ]
    .join("---\n");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), installed);
}

#[test]
fn wrong_usage_is_2_and_names_the_cure() {
    for (arguments, says) in [
        (&["run"][..], "--manifests DIR"),
        (&["run", "--kube", "--manifests", "."], "--manifests"),
        (&["run", "--all-namespaces"], "--kube"),
        (&["run", "--manifests", ".", "--all-namespaces"], "'--all-namespaces'"),
        (&["run", "--manifests", ".", "--context", "x"], "'--context <CONTEXT>'"),
        (&["get", "listner"], "listeners"),
        (&["serve"], "unrecognized subcommand"),
        (&["run", "--manifests", ".", "--port-map", "443"], "443=8443"),
        (&["run", "--manifests", ".", "--admin", "0.0.0.0:0"], "--admin-token-file"),
        (&["run", "--manifests", ".", "--config", "none.yaml"], "none.yaml"),
        (&["run", "--manifests", ".", "--log-level", "a=b=c"], "--log-level"),
        (&["check", "nowhere"], "nowhere: there is no such file or folder"),
        (&["plan", "nowhere"], "nowhere: there is no such file or folder"),
        (&["plan"], "<PATH>"),
        (&["plan", ".", "--kube"], "cannot be used with '--kube'"),
        (&["plan", "--kube", "--state", "."], "cannot be used with '--state"),
        (&["plan", ".", "--context", "staging"], "--context"),
        (&["loadbalancer", "read-only", "lb", "maybe"], "[possible values: on, off]"),
    ] {
        let output = doorward(arguments);
        let error = error_of(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
}

/// Monitors read 2 as a finding.
#[test]
fn a_status_that_was_typed_wrongly_is_no_finding() {
    for (arguments, code) in [
        (&["pki", "status", "--outptu", "json"][..], 4),
        (&["pki", "status", "--expiring-within", "soon"], 4),
        (&["pki", "status", "--inventory", "nowhere.yaml"], 4),
        (&["pki", "status", "--help"], 0),
        (&["pki", "renew", "--mode", "all"], 2),
        (&["pki", "stauts"], 2),
    ] {
        let output = doorward(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", error_of(&output));
    }
}

#[test]
fn a_run_that_is_not_there_is_told_with_where_it_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("prod.yaml");
    let text =
        "apiVersion: doorward.dev/v1alpha1\nkind: ClusterInventory\nspec: {hosts: [{name: a}]}";
    std::fs::write(&inventory, text).unwrap();
    for (arguments, says) in [
        (&["resume"][..], "there is no run under .doorward yet; --state names the folder"),
        (&["rollback", "R9"], "there is no run R9 under .doorward; there is none yet"),
    ] {
        let more = ["--inventory", inventory.to_str().unwrap()];
        let output = doorward(&[&["pki"], arguments, &more].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(error_of(&output).contains(says), "{}", error_of(&output));
    }
    let output = doorward(&["pki", "plan"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_of(&output).contains("--inventory or DOORWARD_INVENTORY"), "{output:?}");
}

#[test]
fn nobody_at_the_admin_address_says_how_to_give_another() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = doorward(&["get", "listeners", "--admin", &free.to_string()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        error_of(&output),
        format!(
            "doorward: no Doorward answers at {free} (connection refused): start one with `doorward run`, or give its admin address with --admin HOST:PORT or DOORWARD_ADMIN\n"
        )
    );
}

#[test]
fn an_admin_address_that_is_taken_ends_the_start_with_the_cure() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = doorward(&["run", "--manifests", ".", "--admin", &address]);
    let error = error_of(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains(&address) && error.contains("--admin IP:PORT"), "{error}");
}

#[test]
fn a_misspelt_key_of_the_settings_file_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.yaml");
    std::fs::write(&file, "defaultIsuer: local\n").unwrap();
    let output = doorward(&["run", "--manifests", ".", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        error_of(&output),
        format!(
            "doorward: {}:1:1: unknown key \"defaultIsuer\"; did you mean \"defaultIssuer\"?\n",
            file.display()
        )
    );
}

#[test]
fn every_command_shows_examples() {
    for command in
        ["run", "check", "plan", "get", "describe", "certificate", "listener", "loadbalancer"]
    {
        let output = doorward(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("doorward "), "{command}");
    }
}

#[test]
fn completions_know_the_verbs() {
    for shell in ["bash", "zsh", "fish"] {
        let script = doorward(&["completions", shell]);
        assert!(script.status.success());
        assert!(String::from_utf8_lossy(&script.stdout).contains("set-default"), "{shell}");
    }
}
