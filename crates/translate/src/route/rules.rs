//! From the rules of one Ingress to drafts, in the order in which they are tried.

use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, IngressBackend, IngressServiceBackend, IngressSpec,
};
use model::{Action, Dialect, Direction, Name, Reason};

use super::{
    actions::{Answer, too_many},
    conditions,
    filters::filters,
    json_list::Unusable,
    path::path_match,
    plan::{Draft, DraftAnswer, ServiceUse, Side},
    precedence::{LAST, fingerprint, precedence, sort_within_hosts},
    said::{Annotated, Said},
    tls::Wishes,
};
use crate::{dialect::Problems, service::ServicePort, world::Key};

/// The port name that says: take the actions, there is no backend.
const USE_ANNOTATION: &str = "use-annotation";

/// Reads the rules of one Ingress.
pub(super) struct Drafting<'a> {
    pub annotated: Annotated<'a>,
    pub tls: &'a Wishes,
    pub dialect: Dialect,
    /// The order of writing is that of trying.
    pub as_written: bool,
    pub problems: &'a mut Problems,
    pub services: Vec<ServiceUse>,
    pub said: Vec<(String, Result<Said, Unusable>)>,
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
    /// hosts stay in written order. The default backend is last.
    pub fn draft_all(mut self, spec: &IngressSpec) -> (Vec<Draft>, Vec<ServiceUse>) {
        self.annotated.warn_of_strays(spec, self.problems);
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
                let field = format!("{field}.http.paths[{path_index}]");
                drafts.extend(self.draft_path(field, host.clone(), path).ok());
            }
        }
        if !self.as_written {
            sort_within_hosts(&mut drafts);
        }
        if let Some(backend) = &spec.default_backend {
            let field = "spec.defaultBackend".to_owned();
            let site = Site { field, host: None, path: "/", path_type: "Prefix", is_default: true };
            drafts.extend(self.draft(site, backend).ok());
        }
        (drafts, self.services)
    }

    fn draft_path(
        &mut self,
        field: String,
        host: Option<Name>,
        path: &HTTPIngressPath,
    ) -> Result<Draft, Unusable> {
        let site = Site {
            field,
            host,
            path: path.path.as_deref().unwrap_or_default(),
            path_type: &path.path_type,
            is_default: false,
        };
        self.draft(site, &path.backend)
    }

    fn draft(&mut self, site: Site<'_>, backend: &IngressBackend) -> Result<Draft, Unusable> {
        let Some(service) = &backend.service else {
            let text = "resource backends are not supported: name a Service";
            return self.refuse(&site, "backend", Reason::NotHonoured, text);
        };
        let options = self.annotated.options;
        let path = path_match(site.path, site.path_type, options.regex, self.dialect);
        let path = match path {
            Ok(path) => path,
            Err(error) => {
                return self.refuse(&site, "path", Reason::InvalidField, &error.to_string());
            }
        };
        let Said { mut actions, conditions, direction } = self.said_of(&service.name)?;
        let is_request = direction == Direction::Request;
        let answer = match is_request {
            true => self.answer_of(&site, service, actions.answer.take())?,
            false => DraftAnswer::Forward(Vec::new()),
        };
        let side = self.side_of(&site);
        let is_conditional = conditions.is_some();
        let matches =
            conditions::join(conditions.unwrap_or_default(), site.host.clone(), path.clone());
        let written = if site.path.is_empty() { "/" } else { site.path };
        let place = format!("{}{written}", site.host.as_ref().map_or("", Name::as_str));
        let redirectable = self.dialect == Dialect::Alb || side != Side::Plain;
        Ok(Draft {
            precedence: match site.is_default {
                true => LAST,
                false => precedence(&site.host, &path, site.path.len(), is_conditional),
            },
            redirect: options.ssl_redirect && is_request && redirectable,
            filters: filters(options, actions, &path, direction),
            fingerprint: fingerprint(&matches),
            is_default: site.is_default,
            place: place.into(),
            host: site.host,
            field: site.field,
            is_conditional,
            direction,
            matches,
            answer,
            side,
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

    fn said_of(&mut self, service: &str) -> Result<Said, Unusable> {
        if let Some((_, said)) = self.said.iter().find(|(name, _)| name == service) {
            return said.clone();
        }
        let said = self.annotated.said_of(service, self.problems);
        self.said.push((service.to_owned(), said.clone()));
        said
    }

    fn answer_of(
        &mut self,
        site: &Site<'_>,
        service: &IngressServiceBackend,
        from_actions: Option<Answer>,
    ) -> Result<DraftAnswer, Unusable> {
        let port = service.port.as_ref();
        let takes_annotation =
            port.is_some_and(|port| port.name.as_deref() == Some(USE_ANNOTATION));
        let echo = self.annotated.options.echo;
        match from_actions {
            None if takes_annotation => {
                let text = format!(
                    "port use-annotation needs an action that answers: add actions.{}",
                    service.name
                );
                let reason = Reason::InvalidAnnotation;
                self.refuse(site, "backend.service.port.name", reason, &text)
            }
            Some(answer) if !takes_annotation => {
                let text = too_many(&answer, &Answer::Forward(Vec::new()));
                self.refuse(site, "backend.service.port", Reason::InvalidAnnotation, &text)
            }
            Some(Answer::Ready(action)) => Ok(DraftAnswer::Ready(action)),
            Some(Answer::Forward(_)) | None if echo => Ok(DraftAnswer::Ready(Action::Echo)),
            Some(Answer::Forward(groups)) => {
                let targets = groups.into_iter().map(|group| {
                    (self.service_place(&group.service, group.port, group.field), group.weight)
                });
                Ok(DraftAnswer::Forward(targets.collect()))
            }
            None => {
                let name = port.and_then(|port| port.name.as_deref());
                let number = port.and_then(|port| port.number).map(u16::try_from);
                let port = match (name, number) {
                    (Some(name), _) => ServicePort::Name(name.into()),
                    (None, Some(Ok(number @ 1..))) => ServicePort::Number(number),
                    (None, _) => {
                        let text = "the port is missing or out of range: write a number from 1 to 65535, or a name";
                        return self.refuse(
                            site,
                            "backend.service.port",
                            Reason::InvalidField,
                            text,
                        );
                    }
                };
                let field = format!("{}.backend.service", site.field);
                let place = self.service_place(&service.name, port, field);
                Ok(DraftAnswer::Forward(vec![(place, 100)]))
            }
        }
    }

    /// The place of a Service port in the list of those in use.
    fn service_place(&mut self, name: &str, port: ServicePort, field: String) -> usize {
        let known = self.services.iter().position(|s| *s.key.name == *name && s.port == port);
        known.unwrap_or_else(|| {
            let namespace = self.annotated.key.namespace.clone();
            let key = Key { namespace, name: name.into() };
            self.services.push(ServiceUse { key, port, field });
            self.services.len() - 1
        })
    }

    fn side_of(&self, site: &Site<'_>) -> Side {
        match (&site.host, self.dialect) {
            (None, _) => Side::Both,
            (Some(host), Dialect::Alb) if self.tls.names(host) => Side::Tls,
            (Some(host), Dialect::Ingress) if self.tls.covers(host) => Side::Both,
            (Some(_), Dialect::Elb | Dialect::Aws) => Side::Both,
            (Some(_), _) => Side::Plain,
        }
    }
}
