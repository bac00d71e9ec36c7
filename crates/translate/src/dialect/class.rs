//! Which load balancer an Ingress belongs to: by its class, by the older class annotation, or by
//! naming an AlbConfig itself.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use k8s_openapi::api::networking::v1::{Ingress, IngressClass, IngressClassParametersReference};
use model::{Dialect, Reason};

use super::problem::{Problem, nearest};
use crate::{
    World,
    route::{ALB_PREFIX, Annotations, field},
    world::{IngressClassParams, Key, Object, Objects},
};

/// Documents and code of the vendor write the first, its support the second.
const ALB_CONTROLLERS: &[&str] =
    &["ingress.k8s.alibabacloud/alb", "ingress.k8s.alibabacloud.com/alb"];
const AWS_CONTROLLER: &str = "ingress.k8s.aws/alb";
const OWN_CONTROLLER: &str = "doorward.dev/ingress";
const LEGACY_ANNOTATION: &str = "kubernetes.io/ingress.class";
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";
/// Works without a class object, as a value of the older annotation.
const LEGACY_ALB: &str = "alb";
/// Works without a class object.
const ELB_CLASS: &str = "cce";
const DEFAULT_CONFIG: &str = "default";

/// What an Ingress says of its class. Kept with the object.
#[derive(Debug, Default)]
pub(crate) struct ClassWish {
    class: Option<Box<str>>,
    legacy: Option<Box<str>>,
    alb_config: Option<Box<str>>,
}

impl ClassWish {
    pub fn of(ingress: &Ingress) -> Self {
        let annotations = Annotations::of(ingress.metadata.annotations.as_ref(), Dialect::Alb);
        let class = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_deref());
        Self {
            class: class.map(Box::from),
            legacy: annotations.exact(LEGACY_ANNOTATION).map(Box::from),
            alb_config: annotations.named("albconfig.name").map(Box::from),
        }
    }
}

/// Where an Ingress belongs.
#[derive(Debug)]
pub(crate) enum Home<'w> {
    /// An existing AlbConfig, by name.
    Alb(&'w str),
    /// An existing IngressClass of our own controller.
    Class(&'w str),
    /// Names its load balancer itself, by `elb` annotations.
    Elb,
    /// For AWS's controller, with the parameters of the class, if it has any.
    Aws(Option<&'w Arc<Object<IngressClassParams>>>),
    /// Ours, but with nowhere to go.
    Nowhere(Dialect, Problem),
    /// Somebody else's.
    Foreign,
}

/// All classes and AlbConfigs, by name.
pub(crate) struct Classes<'w> {
    classes: HashMap<&'w str, Class<'w>, foldhash::fast::RandomState>,
    default: Option<&'w str>,
    alb_configs: BTreeSet<&'w str>,
    params: &'w Objects<IngressClassParams>,
}

#[derive(Clone, Copy, Debug)]
enum Class<'w> {
    Own,
    /// With the AlbConfig that its parameters name.
    Alb(Result<&'w str, BadParameters>),
    /// With the name of its parameters.
    Aws(Result<Option<&'w str>, BadParameters>),
    Foreign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BadParameters {
    Absent,
    OtherKind,
}

impl<'w> Classes<'w> {
    pub fn of(world: &'w World) -> Self {
        let objects = &world.ingress_classes;
        let classes =
            objects.iter().map(|(key, object)| (&*key.name, Class::of(&object.body))).collect();
        let default = objects.iter().find(|(_, object)| is_default(&object.body));
        Self {
            classes,
            default: default.map(|(key, _)| &*key.name),
            alb_configs: world.alb_configs.keys().map(|key| &*key.name).collect(),
            params: &world.ingress_class_params,
        }
    }

    pub fn home(&self, wish: &ClassWish) -> Home<'w> {
        if let Some(name) = &wish.class {
            return match self.classes.get(&**name) {
                None | Some(Class::Foreign) if &**name == ELB_CLASS => Home::Elb,
                Some(class) => self.home_in(name, *class, wish),
                None => Home::Nowhere(Dialect::Ingress, self.class_not_found(name)),
            };
        }
        if let Some(name) = &wish.legacy {
            return match self.classes.get(&**name) {
                None | Some(Class::Foreign) if &**name == ELB_CLASS => Home::Elb,
                Some(class) => self.home_in(name, *class, wish),
                None if &**name == LEGACY_ALB => self.home_without_class(wish),
                None => Home::Foreign,
            };
        }
        match self.default {
            Some(name) => self.home_in(name, self.classes[name], wish),
            None if wish.alb_config.is_some() => self.home_without_class(wish),
            None => Home::Foreign,
        }
    }

    fn home_in(&self, name: &str, class: Class<'w>, wish: &ClassWish) -> Home<'w> {
        match (class, &wish.alb_config) {
            (Class::Foreign, _) => Home::Foreign,
            (Class::Own, _) => match self.classes.get_key_value(name) {
                Some((name, _)) => Home::Class(name),
                None => Home::Foreign,
            },
            (Class::Aws(Ok(None)), _) => Home::Aws(None),
            (Class::Aws(Ok(Some(name))), _) => self.aws(name),
            (Class::Aws(Err(wrong)), _) => {
                let field = "spec.ingressClassName";
                let problem =
                    Problem::rejection(Reason::ConfigNotFound, field, wrong.text_of_aws(name));
                Home::Nowhere(Dialect::Aws, problem)
            }
            (Class::Alb(_), Some(config)) => self.alb(config, field(ALB_PREFIX, "albconfig.name")),
            (Class::Alb(Ok(config)), None) => self.alb(config, "spec.ingressClassName".into()),
            (Class::Alb(Err(wrong)), None) => {
                let field = "spec.ingressClassName";
                let text = wrong.text(name);
                let problem = Problem::rejection(Reason::ConfigNotFound, field, text);
                Home::Nowhere(Dialect::Alb, problem)
            }
        }
    }

    /// By annotation, else the only AlbConfig there is, else the one called `default`.
    fn home_without_class(&self, wish: &ClassWish) -> Home<'w> {
        if let Some(config) = &wish.alb_config {
            return self.alb(config, field(ALB_PREFIX, "albconfig.name"));
        }
        let mut names = self.alb_configs.iter();
        match (names.next(), names.next()) {
            (Some(only), None) => Home::Alb(only),
            _ => self.alb(DEFAULT_CONFIG, format!("metadata.annotations[\"{LEGACY_ANNOTATION}\"]")),
        }
    }

    fn alb(&self, name: &str, field: String) -> Home<'w> {
        if let Some(name) = self.alb_configs.get(name) {
            return Home::Alb(name);
        }
        let text = not_found("AlbConfig", name, self.alb_configs.iter().copied());
        Home::Nowhere(Dialect::Alb, Problem::rejection(Reason::ConfigNotFound, field, text))
    }

    /// Parameters that are not there may be those that keep people out.
    fn aws(&self, name: &str) -> Home<'w> {
        if let Some(params) = self.params.get(&Key::new("", name)) {
            return Home::Aws(Some(params));
        }
        let known = self.params.keys().map(|key| &*key.name);
        let text = not_found("IngressClassParams", name, known);
        let field = "spec.ingressClassName";
        Home::Nowhere(Dialect::Aws, Problem::rejection(Reason::ConfigNotFound, field, text))
    }

    fn class_not_found(&self, name: &str) -> Problem {
        let text = not_found("IngressClass", name, self.classes.keys().copied());
        Problem::rejection(Reason::ClassNotFound, "spec.ingressClassName", text)
    }
}

fn not_found<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let like = nearest(name, known).map_or(String::new(), |like| format!("; did you mean {like}?"));
    format!("{kind} {name} not found: create it or correct the name{like}")
}

impl<'w> Class<'w> {
    fn of(class: &'w IngressClass) -> Self {
        let spec = class.spec.as_ref();
        let controller = spec.and_then(|spec| spec.controller.as_deref()).unwrap_or_default();
        if controller == OWN_CONTROLLER {
            return Self::Own;
        }
        let parameters = spec.and_then(|spec| spec.parameters.as_ref());
        if controller == AWS_CONTROLLER {
            let fits = |parameters: &IngressClassParametersReference| {
                let group = parameters.api_group.as_deref();
                parameters.kind == "IngressClassParams"
                    && group.is_none_or(|group| group == "elbv2.k8s.aws")
            };
            return Self::Aws(match parameters {
                None => Ok(None),
                Some(parameters) if fits(parameters) => Ok(Some(&*parameters.name)),
                Some(_) => Err(BadParameters::OtherKind),
            });
        }
        if !ALB_CONTROLLERS.contains(&controller) {
            return Self::Foreign;
        }
        Self::Alb(match parameters {
            None => Err(BadParameters::Absent),
            Some(parameters) => {
                let group = parameters.api_group.as_deref();
                let fits = parameters.kind.eq_ignore_ascii_case("AlbConfig")
                    && group.is_none_or(|group| group == "alibabacloud.com");
                if fits { Ok(&*parameters.name) } else { Err(BadParameters::OtherKind) }
            }
        })
    }
}

impl BadParameters {
    /// The first words are the vendor's.
    fn text(self, class: &str) -> String {
        match self {
            Self::Absent => format!(
                "albconfig must be referenced in IngressClass {class}: add spec.parameters with apiGroup alibabacloud.com, kind AlbConfig and a name"
            ),
            Self::OtherKind => format!(
                "albconfig must be referenced in IngressClass {class}: spec.parameters names another kind; write apiGroup alibabacloud.com and kind AlbConfig"
            ),
        }
    }
}

impl BadParameters {
    fn text_of_aws(self, class: &str) -> String {
        format!(
            "spec.parameters of IngressClass {class} names another kind: write apiGroup elbv2.k8s.aws and kind IngressClassParams, or leave it out"
        )
    }
}

fn is_default(class: &IngressClass) -> bool {
    let annotations = class.metadata.annotations.as_ref();
    annotations.and_then(|map| map.get(DEFAULT_CLASS)).is_some_and(|value| value == "true")
}

/// What is wrong with a class of ours itself, and which dialect it belongs to; `None`: somebody
/// else's class.
pub(crate) fn check(class: &Object<IngressClass>) -> Option<(Dialect, Option<Problem>)> {
    match Class::of(&class.body) {
        Class::Own => Some((Dialect::Ingress, None)),
        Class::Alb(Ok(_)) => Some((Dialect::Alb, None)),
        Class::Alb(Err(wrong)) => {
            let text = wrong.text(&class.reference.name);
            let problem = Problem::rejection(Reason::ConfigNotFound, "spec.parameters", text);
            Some((Dialect::Alb, Some(problem)))
        }
        Class::Aws(Ok(_)) => Some((Dialect::Aws, None)),
        Class::Aws(Err(wrong)) => {
            let text = wrong.text_of_aws(&class.reference.name);
            let problem = Problem::rejection(Reason::ConfigNotFound, "spec.parameters", text);
            Some((Dialect::Aws, Some(problem)))
        }
        Class::Foreign => None,
    }
}

/// The classes of our own controller.
pub(crate) fn own_classes(world: &World) -> impl Iterator<Item = &Arc<Object<IngressClass>>> {
    world.ingress_classes.values().filter(|class| matches!(Class::of(&class.body), Class::Own))
}
