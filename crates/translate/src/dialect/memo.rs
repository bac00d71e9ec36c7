//! What is kept from run to run: plans by Ingress, AlbConfigs as read, backends by Service port.
//! A run looks only at objects whose `Arc` is new, and at rules whose Services changed.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use k8s_openapi::api::{core::v1::Service, networking::v1::Ingress};
use model::Dialect;
use serde_json::Value;

use super::{
    Claims,
    class::{ClassWish, Classes, Home},
    tracked::{Entry, Tracked},
};
use crate::{
    World,
    alb::AlbConfig,
    aws::{AwsIngress, AwsMember},
    elb::{ElbIngress, ElbMember, ElbService, Past},
    istio,
    route::{Built, Member, Plan, build},
    service::Backends,
    world::{Age, IngressClassParams, Key, Object},
};

/// What one run leaves to spare the next one work. It never changes a result: a run with an
/// empty memo comes to the same claims.
#[derive(Debug, Default)]
pub struct Memo {
    ingresses: Tracked<Ingress, Kept>,
    alb_configs: Tracked<Value, AlbConfig>,
    /// Of Services that are the dialect `elb`'s.
    services: Tracked<Service, Option<Box<ElbService>>>,
    istio: istio::Kept,
    backends: Backends,
}

/// Of one Ingress.
#[derive(Debug)]
struct Kept {
    wish: ClassWish,
    /// Of Ingresses that are ours.
    read: Option<Box<Read>>,
}

#[derive(Debug)]
struct Read {
    plan: Plan,
    built: Built,
    /// Where the dialect is `elb`.
    elb: Option<ElbIngress>,
    /// Where the dialect is `aws`.
    aws: Option<AwsIngress>,
}

/// The Ingresses of each load balancer, by namespace and name.
#[derive(Default)]
pub(super) struct Groups<'a> {
    pub alb: HashMap<&'a str, Vec<Member<'a>>>,
    pub own: HashMap<&'a str, Vec<(Age, Member<'a>)>>,
    /// All of the dialect `elb`: their annotations name the load balancer.
    pub elb: Vec<ElbMember<'a>>,
    /// All of the dialect `aws`, by namespace and name.
    pub aws: Vec<AwsMember<'a>>,
}

impl Memo {
    /// Takes in what changed and returns where each Ingress belongs, in their order.
    pub(super) fn follow<'w>(
        &mut self,
        world: &'w World,
        classes: &Classes<'w>,
        past: Past<'_>,
    ) -> Vec<Home<'w>> {
        let changed = self.backends.follow(world);
        self.alb_configs.follow(&world.alb_configs, AlbConfig::read, |_| ());
        self.ingresses.follow(
            &world.ingresses,
            |object| Kept { wish: ClassWish::of(&object.body), read: None },
            |_| (),
        );
        let mut resolver = self.backends.resolver(world);
        let mut homes = Vec::with_capacity(self.ingresses.entries.len());
        let mut some_news = !changed.is_empty();
        for Entry { key, object, value } in &mut self.ingresses.entries {
            let home = classes.home(&value.wish);
            let dialect = home.dialect();
            let before = value.read.as_ref().filter(|read| !read.is_outdated(past, &home));
            if before.map(|read| read.plan.subject.dialect) != dialect {
                some_news = true;
                value.read = dialect.map(|dialect| {
                    let (plan, elb, aws) = match dialect {
                        Dialect::Elb => {
                            let (plan, elb) = ElbIngress::read(key, object, past);
                            (plan, Some(elb), None)
                        }
                        Dialect::Aws => {
                            let (plan, aws) = AwsIngress::read(key, object, home.params());
                            (plan, None, Some(aws))
                        }
                        _ => (Plan::read(dialect, key, object), None, None),
                    };
                    let built = build(&plan, &mut resolver);
                    Box::new(Read { plan, built, elb, aws })
                });
            } else if let Some(read) = &mut value.read
                && read.uses_any(&changed)
            {
                read.built = build(&read.plan, &mut resolver);
            }
            homes.push(home);
        }
        self.services.follow(&world.services, |object| ElbService::read(object, past), |_| ());
        for Entry { key, object, value } in &mut self.services.entries {
            let is_outdated = value.as_ref().is_some_and(|service| service.is_outdated(past));
            if is_outdated {
                some_news = true;
                *value = ElbService::read(object, past);
            }
            if let Some(service) = value
                && (is_outdated || changed.contains(key))
            {
                service.resolve(key, &mut resolver);
            }
        }
        some_news |= self.istio.follow(world, &changed, &mut resolver);
        if some_news {
            self.backends.forget_unused();
        }
        homes
    }

    /// Sorts the Ingresses by load balancer and says what each of them alone gave to say.
    pub(super) fn groups<'a>(&'a self, homes: Vec<Home<'a>>, claims: &mut Claims) -> Groups<'a> {
        let mut groups = Groups::default();
        claims.objects.reserve(homes.len());
        for (entry, home) in self.ingresses.entries.iter().zip(homes) {
            let Some(dialect) = home.dialect() else { continue };
            let object = &entry.object;
            claims.objects.push((object.reference.clone(), object.origin.clone(), dialect));
            let Some(Read { plan, built, elb, aws }) = entry.value.read.as_deref() else {
                continue;
            };
            claims.verdicts.extend(plan.verdicts.iter().chain(&built.verdicts).cloned());
            let member = Member { plan, built };
            match home {
                Home::Alb(name) => groups.alb.entry(name).or_default().push(member),
                Home::Class(name) => {
                    groups.own.entry(name).or_default().push((object.age(), member));
                }
                Home::Elb => {
                    groups.elb.extend(elb.as_ref().map(|elb| ElbMember { object, member, elb }))
                }
                Home::Aws(_) => {
                    groups.aws.extend(aws.as_ref().map(|aws| AwsMember { object, member, aws }))
                }
                Home::Nowhere(_, problem) => claims.verdicts.push(plan.subject.verdict(problem)),
                Home::Foreign => {}
            }
        }
        groups
    }

    pub(super) fn elb_services(
        &self,
    ) -> impl Iterator<Item = (&Arc<Object<Service>>, &ElbService)> {
        let entries = self.services.entries.iter();
        entries.filter_map(|entry| Some((&entry.object, entry.value.as_deref()?)))
    }

    pub(super) fn istio(&self) -> &istio::Kept {
        &self.istio
    }

    pub(super) fn alb_configs(&self) -> impl Iterator<Item = (&Arc<Object<Value>>, &AlbConfig)> {
        self.alb_configs.entries.iter().map(|entry| (&entry.object, &entry.value))
    }
}

impl Read {
    fn is_outdated(&self, past: Past<'_>, home: &Home<'_>) -> bool {
        self.elb.as_ref().is_some_and(|elb| elb.is_outdated(&self.plan.subject.object, past))
            || self.aws.as_ref().is_some_and(|aws| aws.is_outdated(home.params()))
    }

    fn uses_any(&self, changed: &HashSet<Key>) -> bool {
        !changed.is_empty()
            && self.plan.services.iter().any(|service| changed.contains(&service.key))
    }
}

impl<'w> Home<'w> {
    fn params(&self) -> Option<&'w Arc<Object<IngressClassParams>>> {
        match self {
            Self::Aws(params) => *params,
            _ => None,
        }
    }

    /// `None` for an Ingress that is not ours.
    fn dialect(&self) -> Option<Dialect> {
        match self {
            Self::Alb(_) => Some(Dialect::Alb),
            Self::Class(_) => Some(Dialect::Ingress),
            Self::Elb => Some(Dialect::Elb),
            Self::Aws(_) => Some(Dialect::Aws),
            Self::Nowhere(dialect, _) => Some(*dialect),
            Self::Foreign => None,
        }
    }
}
