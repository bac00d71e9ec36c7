//! The rules of writing an object: what the server sets, what a request may not touch, and when
//! it is refused. The requests' form is `http`'s affair.
//!
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/>

use std::sync::Arc;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    crd, defaults,
    failure::Failure,
    lists::Lists,
    managed::{self, Managers},
    merge,
    names::{self, Named},
    resource::{self, Resource},
    store::Store,
    write::{Write, replace_status},
};

/// The store with the kinds it holds.
pub(super) struct Objects {
    pub(super) store: Store,
    kinds: Vec<Resource>,
}

/// The body of a PATCH, by its content type.
pub(super) enum Patch {
    Merge(Value),
    Strategic(Value),
    Json(Value),
    Apply { body: Value, force: bool },
}

/// What became of a request to write.
pub(super) enum Written {
    Created(Arc<Value>),
    Changed(Arc<Value>),
}

impl Objects {
    pub(super) fn new(now: Timestamp) -> Self {
        let mut objects = Self { store: Store::new(), kinds: resource::built_in() };
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            objects.make_namespace(name, now);
        }
        objects
    }

    pub(super) fn kinds(&self) -> &[Resource] {
        &self.kinds
    }

    pub(super) fn kind(&self, group: &str, version: &str, plural: &str) -> Option<&Resource> {
        self.kinds.iter().find(|kind| {
            (kind.group.as_str(), kind.version.as_str(), kind.plural.as_str())
                == (group, version, plural)
        })
    }

    pub(super) fn create(&mut self, write: &Write, body: Value) -> Result<Arc<Value>, Failure> {
        let named = Named::of_new(write, &body)?;
        let key = write.resource.key(write.namespace, &named.name);
        if self.store.get(&key).is_some() {
            return Err(Failure::already_exists(write.resource, &named.name));
        }
        if !names::text(&body, "resourceVersion").is_empty() {
            let why = "resourceVersion should not be set on objects to be created";
            return Err(Failure::bad_request(why));
        }
        self.insert(write, &named, body, None)
    }

    pub(super) fn replace(&mut self, write: &Write, body: Value) -> Result<Written, Failure> {
        names::check_agreement(write, &body)?;
        let key = write.resource.key(write.namespace, write.name);
        let Some(old) = self.store.get(&key).cloned() else {
            if write.resource.is_made_by_update() && !write.status {
                return self.create(write, body).map(Written::Created);
            }
            return Err(Failure::not_found(write.resource, write.name));
        };
        let needs_version = write.resource.is_custom() || write.resource.kind == "Lease";
        if needs_version && names::text(&body, "resourceVersion").is_empty() {
            let why = "Invalid value: 0: must be specified for an update";
            let field = "metadata.resourceVersion";
            return Err(Failure::invalid(write.resource, write.name, field, why));
        }
        self.update(write, &old, body, None).map(Written::Changed)
    }

    pub(super) fn patch(&mut self, write: &Write, patch: Patch) -> Result<Written, Failure> {
        let key = write.resource.key(write.namespace, write.name);
        let lists = Lists::of(write.resource);
        let Some(old) = self.store.get(&key).cloned() else {
            return match patch {
                Patch::Apply { body, .. } if !write.status => self.apply_new(write, body),
                _ => Err(Failure::not_found(write.resource, write.name)),
            };
        };
        let mut new = Value::clone(&old);
        let mut applied = None;
        match patch {
            Patch::Merge(patch) => merge::merge(&mut new, &patch),
            Patch::Strategic(_) if write.resource.is_custom() => {
                let why = "the body of the request was in an unknown format - accepted media types \
                           include: application/json-patch+json, application/merge-patch+json, \
                           application/apply-patch+yaml";
                return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
            }
            Patch::Strategic(patch) => merge::merge_strategic(&mut new, &patch, &lists, ""),
            Patch::Json(patch) => merge::json_patch(&mut new, &patch)
                .map_err(|why| Failure::new(StatusCode::UNPROCESSABLE_ENTITY, why))?,
            Patch::Apply { mut body, force } => {
                names::check_agreement(write, &body)?;
                names::check_preconditions(write, &old, &body)?;
                defaults::prepare(write.resource, &mut body);
                let (object, managers) =
                    write.apply(force).to(&old, &write.part_of(body), &lists)?;
                (new, applied) = (object, Some(managers));
            }
        }
        names::check_agreement(write, &new)?;
        self.update(write, &old, new, applied).map(Written::Changed)
    }

    /// Deletes, or marks as being deleted where finalizers hold the object.
    pub(super) fn delete(&mut self, write: &Write, options: &Value) -> Result<Arc<Value>, Failure> {
        let key = write.resource.key(write.namespace, write.name);
        let Some(old) = self.store.get(&key).cloned() else {
            return Err(Failure::not_found(write.resource, write.name));
        };
        let wanted = json!({"metadata": options["preconditions"]});
        names::check_preconditions(write, &old, &wanted)?;
        if write.dry_run {
            return Ok(old);
        }
        let finalizers = old["metadata"]["finalizers"].as_array();
        if finalizers.is_some_and(|finalizers| !finalizers.is_empty()) {
            let mut marked = Value::clone(&old);
            if marked["metadata"]["deletionTimestamp"].is_null() {
                marked["metadata"]["deletionTimestamp"] = managed::written(write.now).into();
                marked["metadata"]["deletionGracePeriodSeconds"] = 0.into();
                return Ok(self.store.write(key, marked));
            }
            return Ok(old);
        }
        self.remove(write, &old)
    }

    /// Writes the object whole, status and all, past every rule of the API: how a test says
    /// what is there.
    pub(super) fn put(
        &mut self,
        resource: &Resource,
        mut body: Value,
        now: Timestamp,
    ) -> Arc<Value> {
        let name = names::text(&body, "name").to_owned();
        let namespace = match (resource.namespaced, names::text(&body, "namespace")) {
            (false, _) => String::new(),
            (true, "") => "default".to_owned(),
            (true, namespace) => namespace.to_owned(),
        };
        if resource.namespaced {
            self.make_namespace(&namespace, now);
        }
        defaults::prepare(resource, &mut body);
        let key = resource.key(&namespace, &name);
        let old = self.store.get(&key).cloned();
        let write = Write {
            resource,
            namespace: &namespace,
            name: &name,
            status: false,
            manager: "test",
            dry_run: false,
            now,
        };
        let mut new = match &old {
            Some(old) => write.identified(old, body),
            None => Named { name: name.clone() }.identify(&write, body),
        };
        write.count_generation(old.as_deref(), &mut new);
        write.track(old.as_deref(), &mut new, None);
        match old {
            Some(old) if *old == new => old,
            _ => self.commit(&write, new),
        }
    }

    /// Takes the object away past every rule. Whether it was there.
    pub(super) fn drop(&mut self, kind: &str, namespace: &str, name: &str) -> bool {
        let Some(kind) = self.kinds.iter().find(|known| known.kind == kind) else { return false };
        let was_there = self.store.remove(&kind.key(namespace, name)).is_some();
        self.learn_kinds();
        was_there
    }

    fn make_namespace(&mut self, name: &str, now: Timestamp) {
        let resource = self.kind("", "v1", "namespaces").expect("it is built in").clone();
        if self.store.get(&resource.key("", name)).is_none() {
            let namespace = json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            });
            self.put(&resource, namespace, now);
        }
    }

    fn apply_new(&mut self, write: &Write, mut body: Value) -> Result<Written, Failure> {
        let named = Named::of_new(write, &body)?;
        if !names::text(&body, "uid").is_empty() {
            let why = "uid mismatch: no existing object was found";
            return Err(Failure::conflict(write.resource, write.name, why));
        }
        defaults::prepare(write.resource, &mut body);
        let mut live =
            json!({"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": {}});
        live["metadata"]["name"] = named.name.as_str().into();
        let lists = Lists::of(write.resource);
        let (new, managers) = write.apply(false).to(&live, &write.part_of(body), &lists)?;
        self.insert(write, &named, new, Some(managers)).map(Written::Created)
    }

    fn insert(
        &mut self,
        write: &Write,
        named: &Named,
        mut body: Value,
        applied: Option<Managers>,
    ) -> Result<Arc<Value>, Failure> {
        let namespaces = self.kind("", "v1", "namespaces").expect("it is built in");
        if write.resource.namespaced
            && self.store.get(&namespaces.key("", write.namespace)).is_none()
        {
            return Err(Failure::not_found(namespaces, write.namespace));
        }
        defaults::prepare(write.resource, &mut body);
        let mut new = named.identify(write, body);
        if write.resource.has_status {
            drop(merge::as_object(&mut new).remove("status"));
        }
        defaults::begin(write.resource, &mut new, write.now);
        defaults::complete(write.resource, &mut new);
        defaults::validate(write.resource, None, &new)?;
        write.count_generation(None, &mut new);
        write.track(None, &mut new, applied);
        if write.dry_run {
            return Ok(Arc::new(new));
        }
        Ok(self.commit(write, new))
    }

    fn update(
        &mut self,
        write: &Write,
        old: &Arc<Value>,
        mut body: Value,
        applied: Option<Managers>,
    ) -> Result<Arc<Value>, Failure> {
        names::check_preconditions(write, old, &body)?;
        defaults::prepare(write.resource, &mut body);
        let mut new = write.identified(old, body);
        if write.status {
            let status = new["status"].take();
            new = Value::clone(old);
            replace_status(&mut new, status);
        } else if write.resource.has_status {
            replace_status(&mut new, old["status"].clone());
        }
        defaults::complete(write.resource, &mut new);
        defaults::validate(write.resource, Some(old), &new)?;
        write.count_generation(Some(old), &mut new);
        write.track(Some(old), &mut new, applied);
        if new == **old || write.dry_run {
            return Ok(Arc::new(new));
        }
        let finalizers = new["metadata"]["finalizers"].as_array().map_or(0, Vec::len);
        if !new["metadata"]["deletionTimestamp"].is_null() && finalizers == 0 {
            return self.remove(write, old);
        }
        Ok(self.commit(write, new))
    }

    fn commit(&mut self, write: &Write, mut new: Value) -> Arc<Value> {
        let name = names::text(&new, "name").to_owned();
        let is_definition = write.resource.kind == "CustomResourceDefinition";
        if is_definition {
            crd::establish(&mut new, write.now);
        }
        let written = self.store.write(write.resource.key(write.namespace, &name), new);
        if is_definition {
            self.learn_kinds();
        }
        written
    }

    fn remove(&mut self, write: &Write, old: &Value) -> Result<Arc<Value>, Failure> {
        let key = write.resource.key(write.namespace, write.name);
        let below: Vec<_> = match write.resource.kind.as_str() {
            "Namespace" => {
                let keys = self.store.all().map(|(key, _)| key);
                keys.filter(|key| key.namespace == write.name).cloned().collect()
            }
            "CustomResourceDefinition" => {
                let kinds = crd::resources(old);
                let of_it = kinds.iter().flat_map(|kind| self.store.list(kind, ""));
                of_it.map(|(key, _)| key.clone()).collect()
            }
            _ => Vec::new(),
        };
        for key in &below {
            self.store.remove(key);
        }
        let gone = self.store.remove(&key).expect("the caller found it");
        self.learn_kinds();
        Ok(gone)
    }

    fn learn_kinds(&mut self) {
        let definitions = self.kind("apiextensions.k8s.io", "v1", "customresourcedefinitions");
        let definitions = definitions.expect("it is built in").clone();
        self.kinds = resource::built_in();
        let custom = self.store.list(&definitions, "").flat_map(|(_, crd)| crd::resources(crd));
        self.kinds.extend(custom);
    }
}
