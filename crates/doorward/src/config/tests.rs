use std::path::{Path, PathBuf};

use clap::Parser;
use tempfile::TempDir;

use super::{Config, Source, Token, file::File};
use crate::args::{Cli, Command};

/// A manifests folder that holds `doorward.yaml`.
fn folder_with(settings: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(super::FILE_NAME), settings).unwrap();
    folder
}

fn config_of(folder: &Path, flags: &[&str]) -> anyhow::Result<Config> {
    let line = ["doorward", "run", "--manifests"].into_iter().map(PathBuf::from);
    let line = line.chain([folder.to_owned()]).chain(flags.iter().map(PathBuf::from));
    let Command::Run(args) = Cli::parse_from(line).command else { panic!("not run") };
    Config::for_run(&args)
}

fn mistake(settings: &str) -> String {
    File::parse(settings, Path::new("doorward.yaml")).unwrap_err().to_string()
}

#[test]
fn flags_beat_the_file_which_beats_the_defaults() {
    let folder = folder_with(
        "bind: 127.0.0.1\nportMap: {443: 8443, 80: 8080}\nadmin: 127.0.0.1:16000\nstate: st\n",
    );
    let config =
        config_of(folder.path(), &["--port-map", "443=9443", "--bind", "127.0.0.9"]).unwrap();
    assert_eq!(config.settings.bind.to_string(), "127.0.0.9");
    assert_eq!(config.settings.local_port(443), 9443);
    assert_eq!(config.settings.local_port(80), 8080);
    assert_eq!(config.admin.port(), 16000);
    assert_eq!(config.state, folder.path().join("st"), "relative to the file");
    assert_eq!(config.drain_limit, super::DEFAULT_DRAIN);
}

#[test]
fn the_example_of_the_contract_is_taken_whole() {
    let folder = folder_with(
        "loadBalancers:\n  edge-lb: {bind: 127.0.0.2}\ndefaultIssuer: local\n\
         storeNamespace: certs\nportMap: {443: 8443, 80: 8080}\n\
         mesh: {gatewayNamespace: istio-system}\nelb: {retainRemovedSettings: true}\nwatchNamespaces: []\n\
         publishAddress: 203.0.113.7\n",
    );
    let config = config_of(folder.path(), &[]).unwrap();
    assert_eq!(config.settings.address_of("edge-lb").to_string(), "127.0.0.2");
    assert_eq!(config.settings.default_issuer.as_deref(), Some("local"));
    assert_eq!(&*config.settings.store_namespace, "certs");
    assert_eq!(config.unused_keys, ["watchNamespaces", "publishAddress"]);
}

fn on_kubernetes(settings: &str, flags: &[&str]) -> anyhow::Result<Config> {
    let folder = folder_with(settings);
    let file = folder.path().join(super::FILE_NAME);
    let line = ["doorward", "run", "--kube", "--config"].into_iter().map(PathBuf::from);
    let line = line.chain([file]).chain(flags.iter().map(PathBuf::from));
    let Command::Run(args) = Cli::parse_from(line).command else { panic!("not run") };
    Config::for_run(&args)
}

#[test]
fn on_kubernetes_secrets_are_watched_narrowly_and_statuses_get_an_address() {
    let settings = "watchNamespaces: [shop]\npublishAddress: edge.example\n\
                    gatewayService: edge/gateway\n";
    let config = on_kubernetes(settings, &[]).unwrap();
    assert_eq!(config.probe, Some("0.0.0.0:15001".parse().unwrap()));
    assert!(config.unused_keys.is_empty());
    let Source::Kubernetes(kube) = &config.source else { panic!("not on Kubernetes") };
    let watched: Vec<_> = kube.secret_namespaces.iter().flatten().map(|n| &**n).collect();
    assert_eq!(watched, ["doorward-system", "shop"]);
    assert!(config.settings.sees_secrets_in("shop") && !config.settings.sees_secrets_in("blog"));
    assert_eq!(kube.publish_address.as_deref(), Some("edge.example"));
    assert_eq!(kube.gateway_service, ("edge".into(), "gateway".into()));

    let config = on_kubernetes(settings, &["--all-namespaces"]).unwrap();
    let Source::Kubernetes(kube) = config.source else { panic!("not on Kubernetes") };
    assert_eq!(kube.secret_namespaces, None);
}

#[test]
fn the_secrets_that_gateways_name_are_watched_where_a_mesh_is_spoken_of() {
    let sees = |settings: &str| {
        on_kubernetes(settings, &[]).unwrap().settings.sees_secrets_in("istio-system")
    };
    assert!(sees("mesh: {gatewayNamespace: istio-system}\n"));
    assert!(sees("mesh: {asmStrictNames: true}\n"));
    assert!(!sees("mesh: {gatewayNamespace: edge}\n"));
    assert!(!sees("{}\n"), "the Role is not there unasked");
}

#[test]
fn what_kubernetes_would_refuse_later_is_refused_at_once() {
    for (settings, says) in [
        ("gatewayService: gateway\n", "NAMESPACE/NAME"),
        ("gatewayService: Edge_1/gateway\n", "NAMESPACE/NAME"),
        ("publishAddress: edge.example:443\n", "without a port"),
        ("publishAddress: 203.0.113\n", "IP address or a host name"),
        ("watchNamespaces: [shop, '']\n", "watchNamespaces in doorward.yaml: \"\" is no namespace"),
        ("watchNamespaces: [Shop_1]\n", "\"Shop_1\" is no namespace"),
        ("storeNamespace: ''\n", "storeNamespace"),
        ("publishAddress: '*.example'\n", "IP address or a host name"),
    ] {
        let error = format!("{:#}", on_kubernetes(settings, &[]).unwrap_err());
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn an_unknown_key_names_the_nearest_and_where_it_stands() {
    assert_eq!(
        mistake("bind: 127.0.0.1\nportmap: {443: 8443}\n"),
        "doorward.yaml:2:1: unknown key \"portmap\"; did you mean \"portMap\"?"
    );
    assert_eq!(
        mistake("loadBalancers:\n  edge-lb: {bnid: 127.0.0.2}\n"),
        "doorward.yaml:2:13: unknown key \"bnid\"; did you mean \"bind\"?"
    );
    assert!(mistake("zzz: 1\n").contains("known keys are manifests, state, bind"));
}

#[test]
fn a_wrong_value_says_where_on_one_line() {
    for settings in ["bind: here\n", "portMap: {443: many}\n", "portMap: [1\n", "portMap: {0: 80}"]
    {
        let mistake = mistake(settings);
        assert!(mistake.starts_with("doorward.yaml"), "{mistake}");
        assert_eq!(mistake.lines().count(), 1, "{mistake}");
    }
}

#[test]
fn an_empty_file_changes_nothing() {
    for settings in ["", "# nothing yet\n", "{}\n"] {
        assert!(File::parse(settings, Path::new("doorward.yaml")).is_ok(), "{settings:?}");
    }
}

#[test]
fn an_admin_address_that_others_reach_needs_a_token() {
    let folder = folder_with("{}");
    let error = config_of(folder.path(), &["--admin", "0.0.0.0:15000"]).unwrap_err();
    assert!(error.to_string().contains("--admin-token-file"), "{error}");

    let token = folder.path().join("token");
    std::fs::write(&token, "0123456789abcdef0123\n").unwrap();
    let flags = ["--admin", "0.0.0.0:15000", "--admin-token-file", token.to_str().unwrap()];
    let config = config_of(folder.path(), &flags).unwrap();
    let held = config.admin_token.unwrap();
    assert!(held.fits(b"Bearer 0123456789abcdef0123"));
    for wrong in ["", "Bearer ", "Bearer 0123456789abcdef012", "Bearer 0123456789abcdef01234"] {
        assert!(!held.fits(wrong.as_bytes()), "{wrong}");
    }
    assert_eq!(format!("{held:?}"), "Token([redacted])");
}

#[test]
fn a_weak_token_is_refused() {
    let folder = folder_with("{}");
    let path = folder.path().join("token");
    std::fs::write(&path, "secret\n").unwrap();
    assert!(Token::read(&path).unwrap_err().to_string().contains("at least 16"));
}
