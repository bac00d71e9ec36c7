//! One AlbConfig, read: everything that follows from the object alone.
//!
//! A fault of one listener costs that listener only; a fault of the whole leaves every listener
//! as it was last good.

use std::collections::BTreeSet;

use model::{Dialect, Protocol, Reason, Verdict};
use serde_json::Value;

use super::{instance, listener};
use crate::{
    dialect::{Fields, Place, Problems, Subject},
    world::Object,
};

pub(super) use listener::{Faulty, ListenerDraft};

#[derive(Debug)]
pub(crate) struct AlbConfig {
    pub subject: Subject,
    /// One for each port and protocol that could be read, in written order.
    pub(super) listeners: Vec<ListenerDraft>,
    /// Those that lost their port to one written before.
    conflicting: Vec<(u16, Protocol)>,
    /// The list of listeners itself cannot be read: which ones there should be is unknown.
    pub(super) listeners_unknown: bool,
    pub verdicts: Vec<Verdict>,
}

impl AlbConfig {
    pub fn read(object: &Object<Value>) -> Self {
        let subject = Subject {
            object: object.reference.clone(),
            origin: object.origin.clone(),
            dialect: Dialect::Alb,
        };
        let mut problems = Problems::default();
        let mut config = Self {
            subject,
            listeners: Vec::new(),
            conflicting: Vec::new(),
            listeners_unknown: false,
            verdicts: Vec::new(),
        };
        config.read_spec(&object.body, &mut problems);
        config.verdicts = problems.into_verdicts(&config.subject);
        config
    }

    /// Whether such a listener is written, whatever comes of it, or may be.
    pub(super) fn asks_for(&self, port: u16, protocol: Protocol) -> bool {
        let written = self.listeners.iter().map(|listener| (listener.port, listener.protocol));
        let mut all = written.chain(self.conflicting.iter().copied());
        self.listeners_unknown || all.any(|listener| listener == (port, protocol))
    }

    fn read_spec(&mut self, body: &Value, problems: &mut Problems) {
        let spec = body.as_object().and_then(|body| {
            body.iter().find(|(key, _)| key.eq_ignore_ascii_case("spec")).map(|(_, spec)| spec)
        });
        let place = Place {
            path: "spec".into(),
            go_type: "AlbConfigSpec",
            go_path: String::new(),
            go_prefix: "unmarshalling albconfig error: ",
            reason: Reason::InvalidField,
        };
        let mut instance_problems = Problems::default();
        let spec = spec.and_then(|spec| Fields::open(spec, place, &mut instance_problems));
        let Some(mut spec) = spec else {
            problems.append(instance_problems);
            missing_config(problems);
            self.listeners_unknown = true;
            return;
        };
        let mut idle_fields = Vec::new();
        match spec.child("config", "LoadBalancerSpec", &mut instance_problems) {
            Some(config) => instance::read(config, &mut idle_fields, &mut instance_problems),
            None if instance_problems.has_rejection() => {}
            None => missing_config(&mut instance_problems),
        }
        let refused = instance_problems.has_rejection();
        problems.append(instance_problems);
        self.listeners_unknown = spec.value("listeners").is_some_and(|list| !list.is_array());
        for fields in spec.children("listeners", "ListenerSpec", problems) {
            self.listeners.extend(listener::read(fields, &mut idle_fields, problems));
        }
        spec.finish(problems);
        self.drop_conflicts(problems);
        if refused {
            for listener in &mut self.listeners {
                listener.settings = Err(Faulty);
            }
        }
        if !idle_fields.is_empty() {
            let text = format!(
                "no effect in Doorward: {}; remove them if nothing depends on them",
                idle_fields.join(", ")
            );
            problems.warn(Reason::NotHonoured, idle_fields.swap_remove(0), text);
        }
    }

    /// HTTP and HTTPS cannot share a port, HTTPS and QUIC can. The one written first stays.
    fn drop_conflicts(&mut self, problems: &mut Problems) {
        let mut taken = BTreeSet::new();
        self.listeners.retain(|listener| {
            let free = taken.insert((listener.port, listener.protocol == Protocol::Quic));
            if !free {
                let text = format!(
                    "conflict listener in albconfig, please remove it manual: port {} has a listener already",
                    listener.port
                );
                problems.reject(Reason::ListenerConflict, listener.field.clone(), text);
                self.conflicting.push((listener.port, listener.protocol));
            }
            free
        });
    }
}

fn missing_config(problems: &mut Problems) {
    let text = "does not exist albconfig.spec.config: add spec.config, for example {name: edge, addressType: Internet}";
    problems.reject(Reason::InvalidField, "spec.config", text);
}
