//! What the annotations `actions.`, `conditions.` and `rule-direction.` say of one Service, read
//! once whatever the number of rules with that backend.

use k8s_openapi::api::networking::v1::IngressSpec;
use model::{Dialect, Direction, Filter, HeaderMatch, Reason, RuleMatch};

use super::{
    actions::{self, Actions},
    annotations::{Annotations, ELB_PREFIX},
    conditions,
    json_list::{Unusable, Written},
    options::Options,
};
use crate::{
    dialect::{Problems, did_you_mean, nearest},
    world::Key,
};

/// Of one Service.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub actions: Actions,
    pub conditions: Option<RuleMatch>,
    pub direction: Direction,
}

/// Where to look, and in whose name to complain.
#[derive(Clone, Copy)]
pub(super) struct Annotated<'a> {
    pub key: &'a Key,
    pub annotations: &'a Annotations<'a>,
    pub options: &'a Options,
}

impl Annotated<'_> {
    /// `Err`: no rule of this Service can be served; the problem is noted.
    pub fn said_of(&self, service: &str, problems: &mut Problems) -> Result<Said, Unusable> {
        let direction = self.direction(service, problems)?;
        let mut conditions = self.conditions(service, direction, problems)?;
        if let Some(header) = self.headers(service, problems)? {
            conditions.get_or_insert_default().headers.push(header);
        }
        let actions = self.actions(service, direction, problems)?;
        Ok(Said { actions, conditions, direction })
    }

    fn direction(&self, service: &str, problems: &mut Problems) -> Result<Direction, Unusable> {
        let name = format!("rule-direction.{service}");
        match self.annotations.alb(&name) {
            None | Some("Request") => Ok(Direction::Request),
            Some("Response") => Ok(Direction::Response),
            Some(other) => {
                let text = format!(
                    "readDirection Failed(unknown direction type): {other}: write Request or Response"
                );
                self.refuse(&name, text, problems)
            }
        }
    }

    fn conditions(
        &self,
        service: &str,
        direction: Direction,
        problems: &mut Problems,
    ) -> Result<Option<RuleMatch>, Unusable> {
        let name = format!("conditions.{service}");
        let Some(json) = self.list(&name) else { return Ok(None) };
        if self.options.canary.is_some() {
            let text = format!(
                "{}/{} can't exist Canary and customize condition at the same time: remove one of them",
                self.key.namespace, self.key.name
            );
            return self.refuse(&name, text, problems);
        }
        let written = self.written(&name, json);
        let matches = match self.annotations.dialect {
            Dialect::Aws => conditions::aws::read(written, problems)?,
            _ => conditions::read(written, problems)?,
        };
        if direction == Direction::Request && conditions::looks_at_response(&matches) {
            let text =
                format!("conditions on the response need rule-direction.{service}: Response");
            return self.refuse(&name, text, problems);
        }
        Ok(Some(matches))
    }

    fn actions(
        &self,
        service: &str,
        direction: Direction,
        problems: &mut Problems,
    ) -> Result<Actions, Unusable> {
        let name = format!("actions.{service}");
        let Some(json) = self.list(&name) else { return Ok(Actions::default()) };
        let written = self.written(&name, json);
        let mut actions = match self.annotations.dialect {
            Dialect::Aws => actions::aws::read(written, problems)?,
            _ => actions::read(written, problems)?,
        };
        if actions.limit.is_some() && self.options.limit.is_some() {
            let text = format!(
                "{}/{} can't exist action trafficlimit and annotation traffic-limit-qps at the same time: keep one",
                self.key.namespace, self.key.name
            );
            return self.refuse(&name, text, problems);
        }
        if direction == Direction::Response {
            self.keep_header_edits(&mut actions, &name, problems);
        }
        Ok(actions)
    }

    /// ELB's `headers.SERVICE`: one header, written as an object.
    fn headers(
        &self,
        service: &str,
        problems: &mut Problems,
    ) -> Result<Option<HeaderMatch>, Unusable> {
        let name = format!("headers.{service}");
        let is_elb = self.annotations.prefix == ELB_PREFIX;
        let Some(json) = self.annotations.named(&name).filter(|_| is_elb) else { return Ok(None) };
        if self.options.canary.is_some() {
            let text = format!("{name} and canary cannot be used together: remove one of them");
            return self.refuse(&name, text, problems);
        }
        conditions::read_header(self.written(&name, json), problems).map(Some)
    }

    /// A list; an empty one is as good as none.
    fn list(&self, name: &str) -> Option<&str> {
        self.annotations.named(name).filter(|json| *json != "[]")
    }

    /// A key for a Service that no rule has: the vendor ignores it in silence and lists it among
    /// the frequent mistakes.
    pub fn warn_of_strays(&self, spec: &IngressSpec, problems: &mut Problems) {
        let paths = spec.rules.iter().flatten().filter_map(|rule| rule.http.as_ref());
        let backends = paths.flat_map(|http| &http.paths).map(|path| &path.backend);
        let backends = backends.chain(&spec.default_backend);
        let services: Vec<&str> =
            backends.filter_map(|backend| Some(backend.service.as_ref()?.name.as_str())).collect();
        for (name, _) in self.annotations.under(self.annotations.prefix) {
            let families = match self.annotations.prefix {
                ELB_PREFIX => ["actions.", "conditions.", "headers."],
                _ => ["actions.", "conditions.", "rule-direction."],
            };
            let service = families.iter().find_map(|family| name.strip_prefix(family));
            let Some(service) = service.filter(|service| !services.contains(service)) else {
                continue;
            };
            let cure = did_you_mean(nearest(service, services.iter().copied()));
            let text = format!(
                "{name} has no effect: no rule of this Ingress has a backend Service {service}; {cure}"
            );
            problems.warn(Reason::InvalidAnnotation, self.annotations.field(name), text);
        }
    }

    /// A response rule can only edit headers.
    fn keep_header_edits(&self, actions: &mut Actions, name: &str, problems: &mut Problems) {
        let before = actions.filters.len();
        actions.filters.retain(|filter| {
            matches!(filter, Filter::InsertHeader { .. } | Filter::RemoveHeader { .. })
        });
        let others = actions.filters.len() < before
            || actions.limit.take().is_some()
            || actions.answer.take().is_some();
        if others {
            let text = "a response rule only edits headers; its other actions have no effect: remove them, or the rule-direction";
            problems.warn(Reason::NotHonoured, self.annotations.field(name), text);
        }
    }

    fn refuse<T>(&self, name: &str, text: String, problems: &mut Problems) -> Result<T, Unusable> {
        problems.reject(Reason::InvalidAnnotation, self.annotations.field(name), text);
        Err(Unusable)
    }

    fn written<'t>(&self, name: &'t str, json: &'t str) -> Written<'t> {
        Written { name, field: self.annotations.field(name), json }
    }
}
