use std::convert::Infallible;

use super::*;
use crate::{
    Health, Program,
    example::{Ack, healthy, host},
    plan::{Phase, Stage, Step, Wish, decide},
};

const FILE: &str = "/var/lib/etcd/cert/ca.pem";

fn trust(stage: Stage) -> Setting {
    Setting::Trust { authority: "a".into(), stage }
}

/// Changes of one file, each with one setting.
fn plan(settings: &[Setting]) -> Plan {
    let facts = Ack::default().facts();
    let mut plan = decide(&facts, &healthy(&facts), &Wish::default()).expect("a plan");
    let step = |(index, setting): (usize, &Setting)| Step {
        number: u32::try_from(index + 1).expect("few"),
        phase: Phase::Trust,
        act: Act::Change(Change {
            host: host(1),
            program: Program::Etcd,
            places: vec![Place { path: FILE.into(), settings: vec![setting.clone()] }],
            restart: true,
        }),
    };
    plan.steps = settings.iter().enumerate().map(step).collect();
    plan
}

/// The roads where a place's bytes are the settings' words, and digests are the bytes.
fn roads(settings: &[Setting]) -> Roads {
    let facts = Ack::default().facts();
    let inventory = crate::Inventory {
        name: String::new(),
        ssh: crate::inventory::SshSettings::default(),
        layout: crate::inventory::Layout::Auto,
        hosts: Vec::new(),
    };
    let scene = Scene::of(&facts, &Health::default(), &inventory);
    let words = |content: &Content| String::from_utf8_lossy(content.bytes()).into_owned();
    let laid = Roads::lay(
        &plan(settings),
        &scene,
        |_| Ok::<_, Infallible>(Content::new(b"found".to_vec())),
        |place, _| Ok(Content::new(format!("{:?}", place.settings).into_bytes())),
        |content| Ok(words(content)),
    );
    laid.expect("nothing fails")
}

#[test]
fn each_leg_begins_where_the_one_before_it_ends() {
    let roads = roads(&[trust(Stage::Both), trust(Stage::New)]);
    let [first, second] = roads.legs() else { panic!("{roads:?}") };
    assert_eq!(second.before.as_deref(), Some(&*first.after));
    assert_eq!(roads.last(&host(1), FILE.as_ref()), Some(&*second.after));
}

#[test]
fn what_was_set_before_stays_and_the_same_thing_is_set_but_once() {
    let key = Setting::Key { leaf: "l".into() };
    let roads = roads(&[trust(Stage::Both), key.clone(), trust(Stage::New)]);
    let contents: Vec<&str> = roads.legs().iter().map(|leg| &*leg.after).collect();
    let words = |settings: &[Setting]| format!("{settings:?}");
    let both = trust(Stage::Both);
    assert_eq!(
        contents,
        [
            words(std::slice::from_ref(&both)),
            words(&[both, key.clone()]),
            words(&[key, trust(Stage::New)]),
        ]
    );
}

#[test]
fn a_file_is_found_again_by_its_content() {
    let roads = roads(&[trust(Stage::Both), trust(Stage::New)]);
    let [first, second] = roads.legs() else { panic!("{roads:?}") };
    assert_eq!(roads.stand(first, first.before.as_deref()), Stand::Before);
    assert_eq!(roads.stand(first, Some(&first.after)), Stand::After);
    assert_eq!(roads.stand(first, Some(&second.after)), Stand::Elsewhere);
    assert_eq!(roads.stand(second, first.before.as_deref()), Stand::Elsewhere);
    assert_eq!(roads.stand(first, Some("somebody else's")), Stand::Foreign);
    assert_eq!(roads.stand(first, None), Stand::Foreign);
}
