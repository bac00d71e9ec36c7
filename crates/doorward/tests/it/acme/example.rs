//! The example, command by command as its README prints them.

use testkit::peers;

use crate::{example::Place, printed::Printed};

/// Those that the example binds, and `doorward` by default.
const PORTS: [u16; 7] = [8080, 8443, 14000, 14001, 14053, 14055, 15000];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_works_as_printed() {
    if ["pebble", "pebble-challtestsrv", "openssl", "curl"].map(peers::need).contains(&None) {
        return;
    }
    let place = Place::of("acme", &PORTS);
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
