//! The example, command by command as its README prints them, and edited as it says.

use std::fs;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use testkit::peers;

use crate::{example::Place, printed::Printed};

/// Those that the example binds, and `doorward` by default.
const PORTS: [u16; 4] = [8080, 8443, 9000, 15000];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_works_as_printed() {
    if ["curl", "openssl", "python3"].map(peers::need).contains(&None) {
        return;
    }
    let place = Place::of("cce-service", &PORTS);
    let mut terminals = Vec::new();
    let mut entered = 0;
    for Printed { command, output } in place.printed() {
        if command.contains(" run ") {
            let admin = place.exchanged(" --admin 127.0.0.1:15000");
            terminals.push(place.open("doorward", &(command + &admin)));
            place.listens(15000).await;
        } else if command.starts_with("python3") {
            terminals.push(place.open("backend", &command));
            place.listens(9000).await;
            take_the_echo_out(&place);
        } else if !command.starts_with("kubectl") {
            place.enter(&command, &output).await;
            entered += 1;
            if command.starts_with("openssl") {
                put_the_new_pair_in(&place);
            }
        }
    }
    assert_eq!(entered, 6);
}

fn take_the_echo_out(place: &Place) {
    let service = place.file("service.yaml");
    let text = fs::read_to_string(&service).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| !line.contains("doorward.dev/echo")).collect();
    assert!(lines.len() < text.lines().count());
    fs::write(service, lines.join("\n")).unwrap();
}

fn put_the_new_pair_in(place: &Place) {
    let certificate = place.file("certificate.yaml");
    let text = fs::read_to_string(&certificate).unwrap();
    let encoded = |name| BASE64_STANDARD.encode(fs::read(place.temporary(name)).unwrap());
    let lines = text.lines().map(|line| match line.trim_start().split(':').next() {
        Some("tls.crt") => format!("  tls.crt: {}", encoded("nginx.crt")),
        Some("tls.key") => format!("  tls.key: {}", encoded("nginx.key")),
        _ => line.to_owned(),
    });
    fs::write(certificate, lines.collect::<Vec<_>>().join("\n")).unwrap();
}
