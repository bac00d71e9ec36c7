//! From the rules of one Ingress to drafts, in the order in which they are tried.

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, IngressBackend, IngressServiceBackend, IngressSpec,
};
use model::{Action, Dialect, Direction, Filter, Name, PathMatch, Reason, Rewrite, RuleMatch};

use super::{
    actions::{self, Actions, Answer, too_many},
    annotations::{Annotations, alb_field},
    conditions,
    json_list::Unusable,
    options::Options,
    path::path_match,
    plan::{Draft, DraftAnswer, ServiceUse, Side},
    precedence::{self, fingerprint, sort_within_hosts},
    tls::Wishes,
};
use crate::{
    dialect::{Problems, did_you_mean, nearest},
    service::ServicePort,
    world::Key,
};

/// The port name that says: take the actions, there is no backend.
const USE_ANNOTATION: &str = "use-annotation";

/// Reads the rules of one Ingress.
pub(super) struct Drafting<'a> {
    pub key: &'a Key,
    pub annotations: &'a Annotations<'a>,
    pub options: &'a Options,
    pub tls: &'a Wishes,
    pub dialect: Dialect,
    pub problems: &'a mut Problems,
    pub services: Vec<ServiceUse>,
    /// Read once for each Service, whatever the number of rules.
    pub actions: Vec<(String, Result<Actions, Unusable>)>,
}

/// Where a rule stands and what it begins with.
struct Site<'s> {
    field: String,
    host: Option<Name>,
    path: &'s str,
    path_type: &'s str,
    is_default: bool,
}

impl Drafting<'_> {
    /// The drafts, and the Services they use.
    ///
    /// Within one host of an Ingress exact paths come before others, and longer before shorter;
    /// else the written order stands.
    pub fn draft_all(mut self, spec: &IngressSpec) -> (Vec<Draft>, Vec<ServiceUse>) {
        self.check_service_annotations(spec);
        let mut drafts = Vec::new();
        for (index, rule) in spec.rules.iter().flatten().enumerate() {
            let field = format!("spec.rules[{index}]");
            let host = match rule.host.as_deref().filter(|host| !host.is_empty()) {
                None => None,
                Some(host) => match Name::parse(host) {
                    Ok(name) => Some(name),
                    Err(error) => {
                        let text = format!("host {host:?} is not served: {error}");
                        self.problems.reject(Reason::InvalidField, format!("{field}.host"), text);
                        continue;
                    }
                },
            };
            let paths = rule.http.iter().flat_map(|http| &http.paths);
            for (path_index, path) in paths.enumerate() {
                drafts.extend(self.draft_path(&field, path_index, host.clone(), path));
            }
        }
        sort_within_hosts(&mut drafts);
        if let Some(backend) = &spec.default_backend {
            let field = "spec.defaultBackend".to_owned();
            let site = Site { field, host: None, path: "/", path_type: "Prefix", is_default: true };
            drafts.extend(self.draft(site, backend).ok());
        }
        (drafts, self.services)
    }

    fn draft_path(
        &mut self,
        field: &str,
        index: usize,
        host: Option<Name>,
        path: &HTTPIngressPath,
    ) -> Option<Draft> {
        let site = Site {
            field: format!("{field}.http.paths[{index}]"),
            host,
            path: path.path.as_deref().unwrap_or_default(),
            path_type: &path.path_type,
            is_default: false,
        };
        self.draft(site, &path.backend).ok()
    }

    fn draft(&mut self, site: Site<'_>, backend: &IngressBackend) -> Result<Draft, Unusable> {
        let service = match &backend.service {
            Some(service) => service,
            None => {
                return self.refuse(
                    &site,
                    "backend",
                    Reason::NotHonoured,
                    "resource backends are not supported: name a Service",
                );
            }
        };
        let path = path_match(site.path, site.path_type, self.options.regex, self.dialect);
        let path = match path {
            Ok(path) => path,
            Err(error) => {
                return self.refuse(&site, "path", Reason::InvalidField, &error.to_string());
            }
        };
        let actions = self.actions_of(&service.name)?;
        let direction = self.direction_of(&service.name)?;
        let matches = self.matches_of(&site, &service.name, path.clone(), direction)?;
        let answer = match direction {
            Direction::Request => self.answer_of(&site, service, actions.answer.clone())?,
            Direction::Response => DraftAnswer::Forward(Vec::new()),
        };
        let filters = self.filters_of(actions, &path, direction);
        let is_conditional =
            self.annotations.alb(&format!("conditions.{}", service.name)).is_some();
        let tls_side = self.side_of(&site);
        let place = format!(
            "{}{}",
            site.host.as_ref().map_or("", Name::as_str),
            match site.path {
                "" => "/",
                path => path,
            }
        );
        Ok(Draft {
            direction,
            redirect: self.options.ssl_redirect
                && direction == Direction::Request
                && (self.dialect == Dialect::Alb || tls_side != Side::Plain),
            precedence: match site.is_default {
                true => precedence::LAST,
                false => precedence::precedence(&site.host, &path, site.path.len(), is_conditional),
            },
            is_conditional,
            fingerprint: fingerprint(&matches),
            matches,
            filters,
            answer,
            side: tls_side,
            is_default: site.is_default,
            place: place.into(),
            host: site.host,
            field: site.field,
        })
    }

    fn refuse<T>(
        &mut self,
        site: &Site<'_>,
        key: &str,
        reason: Reason,
        message: &str,
    ) -> Result<T, Unusable> {
        self.problems.reject(reason, format!("{}.{key}", site.field), message);
        Err(Unusable)
    }

    fn actions_of(&mut self, service: &str) -> Result<Actions, Unusable> {
        if let Some((_, actions)) = self.actions.iter().find(|(name, _)| name == service) {
            return actions.clone();
        }
        let name = format!("actions.{service}");
        let actions = match self.annotations.alb(&name) {
            Some(json) => actions::read(&name, json, self.problems),
            None => Ok(Actions::default()),
        };
        let actions = actions.and_then(|actions| {
            if actions.limit.is_none() || self.options.limit.is_none() {
                return Ok(actions);
            }
            let text = format!(
                "{}/{} can't exist action trafficlimit and annotation traffic-limit-qps at the same time: keep one",
                self.key.namespace, self.key.name
            );
            self.problems.reject(Reason::InvalidAnnotation, alb_field(&name), text);
            Err(Unusable)
        });
        self.actions.push((service.to_owned(), actions.clone()));
        actions
    }

    fn direction_of(&mut self, service: &str) -> Result<Direction, Unusable> {
        let name = format!("rule-direction.{service}");
        match self.annotations.alb(&name) {
            None | Some("Request") => Ok(Direction::Request),
            Some("Response") => Ok(Direction::Response),
            Some(other) => {
                let text = format!(
                    "readDirection Failed(unknown direction type): {other}: write Request or Response"
                );
                self.problems.reject(Reason::InvalidAnnotation, alb_field(&name), text);
                Err(Unusable)
            }
        }
    }

    fn matches_of(
        &mut self,
        site: &Site<'_>,
        service: &str,
        path: Option<PathMatch>,
        direction: Direction,
    ) -> Result<RuleMatch, Unusable> {
        let name = format!("conditions.{service}");
        let Some(json) = self.annotations.alb(&name) else {
            return Ok(conditions::join(RuleMatch::default(), site.host.clone(), path));
        };
        if self.options.canary.is_some() {
            let text = format!(
                "{}/{} can't exist Canary and customize condition at the same time: remove one of them",
                self.key.namespace, self.key.name
            );
            self.problems.reject(Reason::InvalidAnnotation, alb_field(&name), text);
            return Err(Unusable);
        }
        let matches = conditions::read(&name, json, self.problems)?;
        if direction == Direction::Request && conditions::looks_at_response(&matches) {
            let text =
                format!("conditions on the response need rule-direction.{service}: Response");
            self.problems.reject(Reason::InvalidAnnotation, alb_field(&name), text);
            return Err(Unusable);
        }
        Ok(conditions::join(matches, site.host.clone(), path))
    }

    fn answer_of(
        &mut self,
        site: &Site<'_>,
        service: &IngressServiceBackend,
        from_actions: Option<Answer>,
    ) -> Result<DraftAnswer, Unusable> {
        let port = service.port.as_ref();
        let port_name = port.and_then(|port| port.name.as_deref());
        let from_actions = match (from_actions, port_name) {
            (Some(answer), Some(USE_ANNOTATION)) => answer,
            (None, Some(USE_ANNOTATION)) => {
                let text = format!(
                    "port use-annotation needs an action that answers: add actions.{}",
                    service.name
                );
                return self.refuse(
                    site,
                    "backend.service.port.name",
                    Reason::InvalidAnnotation,
                    &text,
                );
            }
            (Some(answer), _) => {
                let text = too_many(&answer, &Answer::Forward(Vec::new()));
                return self.refuse(site, "backend.service.port", Reason::InvalidAnnotation, &text);
            }
            (None, _) if self.options.echo => return Ok(DraftAnswer::Ready(Action::Echo)),
            (None, name) => {
                let number = port.and_then(|port| port.number);
                let port = match (name, number.map(u16::try_from)) {
                    (Some(name), _) => ServicePort::Name(name.into()),
                    (None, Some(Ok(number))) if number > 0 => ServicePort::Number(number),
                    _ => return self.refuse(site, "backend.service.port", Reason::InvalidField, "the port is missing or out of range: write a number from 1 to 65535 or a name"),
                };
                let field = format!("{}.backend.service", site.field);
                let place = self.service_place(&service.name, port, field);
                return Ok(DraftAnswer::Forward(vec![(place, 100)]));
            }
        };
        Ok(match from_actions {
            Answer::Ready(action) => DraftAnswer::Ready(action),
            Answer::Forward(_) if self.options.echo => DraftAnswer::Ready(Action::Echo),
            Answer::Forward(groups) => DraftAnswer::Forward(
                groups
                    .into_iter()
                    .map(|group| {
                        (self.service_place(&group.service, group.port, group.field), group.weight)
                    })
                    .collect(),
            ),
        })
    }

    /// The place of a Service port in the list of those in use.
    fn service_place(&mut self, name: &str, port: ServicePort, field: String) -> usize {
        let known = self.services.iter().position(|s| *s.key.name == *name && s.port == port);
        known.unwrap_or_else(|| {
            let key = Key { namespace: self.key.namespace.clone(), name: name.into() };
            self.services.push(ServiceUse { key, port, field });
            self.services.len() - 1
        })
    }

    /// In the order in which they work: limit, CORS, edits, then the rewrite of the Ingress.
    fn filters_of(
        &mut self,
        actions: Actions,
        path: &Option<PathMatch>,
        direction: Direction,
    ) -> Vec<Filter> {
        let mut filters = Vec::new();
        if direction == Direction::Request {
            filters.extend(self.options.limit.or(actions.limit).map(Filter::Limit));
            filters.extend(self.options.cors.clone().map(Filter::Cors));
        }
        filters.extend(actions.filters);
        if let Some(target) = &self.options.rewrite_target
            && direction == Direction::Request
        {
            let path = Some(without_braces(target));
            filters.push(Filter::Rewrite(Rewrite { path, ..Rewrite::default() }));
        }
        for filter in &mut filters {
            if let (Filter::Rewrite(rewrite), Some(regex @ PathMatch::Regex(_))) = (filter, path) {
                rewrite.groups_of = Some(regex.clone());
            }
        }
        filters
    }

    fn side_of(&self, site: &Site<'_>) -> Side {
        match (&site.host, self.dialect) {
            (None, _) => Side::Both,
            (Some(host), Dialect::Alb) if self.tls.names(host) => Side::Tls,
            (Some(host), Dialect::Ingress) if self.tls.covers(host) => Side::Both,
            (Some(_), _) => Side::Plain,
        }
    }

    /// `actions.X` and the like for a Service X that no rule has: the vendor ignores it in
    /// silence and lists it among the frequent mistakes.
    fn check_service_annotations(&mut self, spec: &IngressSpec) {
        let paths = spec.rules.iter().flatten().filter_map(|rule| rule.http.as_ref());
        let backends = paths.flat_map(|http| &http.paths).map(|path| &path.backend);
        let backends = backends.chain(&spec.default_backend);
        let services: Vec<&str> =
            backends.filter_map(|backend| Some(backend.service.as_ref()?.name.as_str())).collect();
        for (name, _) in self.annotations.under(super::ALB_PREFIX) {
            let families = ["actions.", "conditions.", "rule-direction."];
            let Some(service) = families.iter().find_map(|family| name.strip_prefix(family)) else {
                continue;
            };
            if services.contains(&service) {
                continue;
            }
            let cure = did_you_mean(nearest(service, services.iter().copied()));
            let text = format!(
                "{name} has no effect: no rule of this Ingress has a backend Service {service}; {cure}"
            );
            self.problems.warn(Reason::InvalidAnnotation, alb_field(name), text);
        }
    }
}

/// `${1}` means the same as `$1`, which is what the gateway fills in.
pub(super) fn without_braces(target: &str) -> Box<str> {
    let mut text = String::with_capacity(target.len());
    let mut rest = target;
    while let Some(start) = rest.find("${") {
        let digits = rest[start + 2..].bytes().take_while(u8::is_ascii_digit).count();
        let end = start + 2 + digits;
        text.push_str(&rest[..start]);
        if digits > 0 && rest[end..].starts_with('}') {
            text.push('$');
            text.push_str(&rest[start + 2..end]);
            rest = &rest[end + 1..];
        } else {
            text.push_str("${");
            rest = &rest[start + 2..];
        }
    }
    text.push_str(rest);
    text.into()
}
