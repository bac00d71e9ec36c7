use clap::{CommandFactory, Parser};

use super::{Cli, Command, PortPair, value};

fn usage_error(line: &str) -> String {
    Cli::try_parse_from(line.split_whitespace()).unwrap_err().to_string()
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn port_maps_may_be_listed_or_repeated() {
    let line = "doorward run --manifests a b --port-map 443=8443,80=0 --port-map 8080=80";
    let Command::Run(run) = Cli::try_parse_from(line.split_whitespace()).unwrap().command else {
        panic!("not run");
    };
    assert_eq!(run.manifests.len(), 2);
    let pairs: Vec<_> = run.port_map.iter().map(|pair| (pair.listener, pair.local)).collect();
    assert_eq!(pairs, [(443, 8443), (80, 0), (8080, 80)]);
}

#[test]
fn a_wrong_port_pair_says_how_to_write_one() {
    for (text, says) in [
        ("443", "443=8443"),
        ("443:8443", "443=8443"),
        ("443=70000", "443=8443"),
        ("0=1", "1-65535"),
    ] {
        let error = text.parse::<value::PortPair>().unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
    assert_eq!("443=0".parse(), Ok(PortPair { listener: 443, local: 0 }));
}

#[test]
fn a_misspelt_verb_names_the_nearest() {
    assert!(usage_error("doorward chekc x").contains("'check'"));
    assert!(usage_error("doorward get listners").contains("'listeners'"));
    assert!(usage_error("doorward run --manifest x").contains("'--manifests'"));
}

#[test]
fn a_listener_without_port_is_wrong_usage() {
    let error = usage_error("doorward describe listener edge-lb");
    assert!(error.contains("LOADBALANCER:PORT"), "{error}");
}
