use issue::Fault;

use super::*;

fn zone(id: &str, name: &str, is_private: bool) -> Zone {
    Zone { id: id.into(), name: name.into(), is_private }
}

fn chosen(zones: &[Zone], name: &str) -> String {
    match choose(zones, name) {
        Ok(id) => id.to_string(),
        Err(error) => {
            assert_eq!(error.fault, Fault::Refused);
            error.message
        }
    }
}

#[test]
fn the_longest_suffix_of_whole_labels_wins() {
    let zones = [
        zone("Z1", "shop.test", false),
        zone("Z2", "eu.shop.test", false),
        zone("Z3", "test", false),
    ];
    assert_eq!(chosen(&zones, "shop.test"), "Z1");
    assert_eq!(chosen(&zones, "_x.www.shop.test"), "Z1");
    assert_eq!(chosen(&zones, "_x.a.b.eu.shop.test"), "Z2");
    assert_eq!(chosen(&zones, "badshop.test"), "Z3");
}

#[test]
fn private_zones_are_passed_over_even_when_they_fit_better() {
    let zones = [zone("Z1", "shop.test", false), zone("Z2", "eu.shop.test", true)];
    assert_eq!(chosen(&zones, "a.eu.shop.test"), "Z1");
    let message = chosen(&zones[1..], "a.eu.shop.test");
    assert!(message.contains("only the private zone eu.shop.test (Z2)"), "{message}");
}

#[test]
fn two_public_zones_of_one_name_are_for_people_to_tell_apart() {
    let zones = [zone("Z1", "shop.test", false), zone("Z2", "shop.test", false)];
    let message = chosen(&zones, "a.shop.test");
    assert!(message.contains("Z1") && message.contains("Z2"), "{message}");
}
