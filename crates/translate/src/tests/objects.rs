//! From a case's YAML and facts to a World, as a source would do it.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use model::{CertificateId, ObjectRef};
use rustls_pki_types::CertificateDer;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::facts::{Facts, at};
use crate::world::{
    Gateway, IngressClassParams, Issuer, Key, Object, Objects, Secret, SecretProblem,
    VirtualService, World,
};

/// Builds the World of a case, change by change.
#[derive(Default)]
pub struct Source {
    pub world: World,
    seen: BTreeMap<ObjectRef, u64>,
}

impl Source {
    pub fn apply(&mut self, objects: &str) {
        let documents: Vec<Value> = serde_saphyr::from_multiple(objects)
            .unwrap_or_else(|error| panic!("{error}\n{objects}"));
        for document in documents.into_iter().filter(|document| !document.is_null()) {
            self.apply_one(document);
        }
    }

    fn apply_one(&mut self, document: Value) {
        let kind = text(&document, "/kind").to_owned();
        let name = text(&document, "/metadata/name").to_owned();
        let namespace = match &*kind {
            "AlbConfig" | "IngressClass" | "IngressClassParams" | "Issuer" => "",
            _ => {
                document.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default")
            }
        }
        .to_owned();
        let created = document.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
        let created = created.map_or(at("-1d"), |text| text.parse().unwrap());
        let reference = match &*namespace {
            "" => ObjectRef::cluster(&kind, &name),
            _ => ObjectRef::namespaced(&kind, &namespace, &name),
        };
        let sequence = self.sequence(&reference);
        let place = Place { key: Key::new(&namespace, &name), reference, created, sequence };
        let world = &mut self.world;
        match &*kind {
            "AlbConfig" => place.put(&mut world.alb_configs, document),
            "IngressClass" => place.put(&mut world.ingress_classes, typed(document)),
            "Gateway" => place.put(&mut world.gateways, Gateway(document)),
            "VirtualService" => place.put(&mut world.virtual_services, VirtualService(document)),
            "Ingress" => place.put(&mut world.ingresses, typed(document)),
            "IngressClassParams" => {
                place.put(&mut world.ingress_class_params, IngressClassParams(document));
            }
            "Issuer" => place.put(&mut world.issuers, Issuer(document)),
            "Service" => place.put(&mut world.services, typed(document)),
            "EndpointSlice" => place.put(&mut world.endpoint_slices, typed(document)),
            "Endpoints" => place.put(&mut world.endpoints, typed(document)),
            other => panic!("no case reads kind {other}; Secrets stand under `certificates`"),
        }
        self.world.generation += 1;
    }

    pub fn put(&mut self, facts: &Facts) {
        let (namespace, name) = match (&facts.id, &facts.secret) {
            (_, Some(secret)) => secret.split_once('/').unwrap(),
            (Some(id), None) => ("doorward-system", id.as_str()),
            (None, None) => panic!("{facts:?} has neither id nor secret"),
        };
        let reference = ObjectRef::namespaced("Secret", namespace, name);
        let sequence = self.sequence(&reference);
        let place =
            Place { key: Key::new(namespace, name), reference, created: at("-1d"), sequence };
        let pair = match &facts.problem {
            Some(problem) => {
                Err(SecretProblem { field: "data[\"tls.crt\"]", message: problem.clone() })
            }
            None => Ok(facts.certificate()),
        };
        let issued = facts.issued_by.as_deref().map(|text| match text.split_once(" as ") {
            Some((by, name)) => (by, Some(name)),
            None => (text, None),
        });
        let root = |index: u8| CertificateDer::from(vec![index]);
        let secret = Secret {
            credentials: None,
            crls: Vec::new(),
            ca_problem: None,
            store_id: facts.id.as_deref().map(CertificateId::store),
            issued_by: issued.map(|(by, _)| by.into()),
            issued_as: issued.and_then(|(_, name)| name).map(Into::into),
            pair,
            roots: (0..facts.roots).map(root).collect(),
        };
        place.put(&mut self.world.secrets, secret);
        self.world.generation += 1;
    }

    /// `756-cn-hangzhou`, `Secret shop/tls-a`, `Ingress shop/web`, `AlbConfig edge-lb`.
    pub fn delete(&mut self, what: &str) {
        let (kind, name) = what.split_once(' ').unwrap_or(("Secret", what));
        let (namespace, name) = match (kind, name.split_once('/')) {
            (_, Some(both)) => both,
            ("Secret", None) => ("doorward-system", name),
            (_, None) => ("", name),
        };
        let key = Key::new(namespace, name);
        let world = &mut self.world;
        let was_there = match kind {
            "AlbConfig" => world.alb_configs.remove(&key).is_some(),
            "Ingress" => world.ingresses.remove(&key).is_some(),
            "Service" => world.services.remove(&key).is_some(),
            "Gateway" => world.gateways.remove(&key).is_some(),
            "VirtualService" => world.virtual_services.remove(&key).is_some(),
            "Secret" => world.secrets.remove(&key).is_some(),
            other => panic!("no case deletes kind {other}"),
        };
        assert!(was_there, "{what} is not there to delete");
        world.generation += 1;
    }

    fn sequence(&mut self, reference: &ObjectRef) -> u64 {
        let next = self.seen.len() as u64;
        *self.seen.entry(reference.clone()).or_insert(next)
    }
}

/// Where an object goes.
struct Place {
    key: Key,
    reference: ObjectRef,
    created: Timestamp,
    sequence: u64,
}

impl Place {
    fn put<T>(self, objects: &mut Objects<T>, body: T) {
        let Self { key, reference, created, sequence } = self;
        objects.insert(key, Arc::new(Object { reference, origin: None, created, sequence, body }));
    }
}

fn typed<T: DeserializeOwned>(document: Value) -> T {
    serde_json::from_value(document).unwrap()
}

fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}"))
}
