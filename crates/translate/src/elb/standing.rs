//! What of an object is in force: its annotations as they are written, or where those cannot be
//! used, as they were when they last could.
//!
//! An annotation that is refused is replaced by its last good value alone, so that every other
//! edit counts. Where that does not help, all annotations are as they were last good. An object
//! that never was good has nothing to fall back on. `spec` is never replaced: what it no longer
//! asks for goes.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use k8s_openapi::{Metadata, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use model::ObjectRef;

use super::{
    keys::FAMILIES,
    past::{self, Past, Rules},
};
use crate::{
    dialect::{Claims, Problem, Problems, Subject},
    memory::{ElbPast, ElbTexts},
    route::{ELB_PREFIX, annotation_in},
    world::Object,
};

/// They keep clients out. While one of them cannot be used, nothing that is new may open: all
/// annotations are as they were last good.
const LOCKS: &[&str] = &["acl-id", "acl-status", "acl-type", "client-ca-cert-id"];

/// An object as read, be it good or bad.
pub(super) trait Reading {
    /// What is refused, among it at least all that is refused of annotations.
    fn refused(&self) -> &[Problem];
    /// Whether any listener comes of it.
    fn is_served(&self) -> bool;
}

/// How an object came to what is in force of it.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    in_force: Arc<ElbTexts>,
    /// What to remember as last good.
    good: Option<Arc<ElbTexts>>,
    /// Tells of all that is in force without being written.
    problems: Problems,
    /// The last good texts that this followed from; `None` where they did not matter.
    before: Option<Option<Arc<ElbTexts>>>,
    retain: bool,
}

/// An object in the light of its past.
pub(super) fn stand<T, R>(
    object: &Object<T>,
    rules: Rules,
    past: Past<'_>,
    read: impl Fn(&Object<T>) -> R,
) -> (R, Standing)
where
    T: Metadata<Ty = ObjectMeta> + Clone,
    R: Reading,
{
    let read = |texts: &ElbTexts| read(&with(object, texts));
    let before = past.good(&object.reference);
    let mut asked = texts(object);
    let retained = past.retained(rules, &asked, before);
    asked.extend(retained.clone());
    let reading = read(&asked);
    let looks_back = past.retain || refused_names(&reading).next().is_some();
    let mut problems = past::still_in_force(&retained);
    let fallback = before.and_then(|good| fall_back(&asked, &reading, good, read));
    let (reading, in_force) = match fallback {
        Some((reading, in_force, told)) => {
            problems.append(told);
            (reading, in_force)
        }
        None => (reading, asked),
    };
    let in_force = Arc::new(in_force);
    let standing = Standing {
        good: last_good(&reading, &in_force, before),
        in_force,
        problems,
        before: looks_back.then(|| before.cloned()),
        retain: past.retain,
    };
    (reading, standing)
}

impl Standing {
    /// Whether the object must be read again, as its past is another.
    pub fn is_outdated(&self, object: &ObjectRef, past: Past<'_>) -> bool {
        let differs = |before: &Option<Arc<ElbTexts>>| past.good(object) != before.as_ref();
        self.retain != past.retain || self.before.as_ref().is_some_and(differs)
    }

    /// Says what there is to say of the past, and what to remember.
    pub(super) fn settle(
        &self,
        subject: &Subject,
        rules: Rules,
        past: Past<'_>,
        claims: &mut Claims,
    ) {
        let before = past.of(&subject.object);
        let mut problems = self.problems.clone();
        problems.append(past::changes(rules, &self.in_force, before));
        claims.verdicts.extend(problems.into_verdicts(subject));
        let first = past::first(rules, &self.in_force, before);
        let remembered = ElbPast { first, good: self.good.clone() };
        claims.elb.insert(subject.object.clone(), remembered);
    }
}

type Fallback<R> = (R, ElbTexts, Problems);

/// What to serve instead of what was asked for; `None` where nothing is refused or nothing else
/// would be served.
fn fall_back<R: Reading>(
    asked: &ElbTexts,
    reading: &R,
    good: &Arc<ElbTexts>,
    read: impl Fn(&ElbTexts) -> R,
) -> Option<Fallback<R>> {
    refused_names(reading).next()?;
    let mut in_force = asked.clone();
    let mut told = Problems::default();
    let mut instead: Option<R> = None;
    let mut is_locked = false;
    // What is refused first may hide what would be refused next. It ends, as each round brings
    // back at least one text.
    loop {
        let latest = instead.as_ref().unwrap_or(reading);
        let refused: BTreeSet<&str> = refused_names(latest).collect();
        is_locked |= LOCKS.iter().any(|lock| refused.contains(lock));
        // A rule whose conditions were never good must not be served without any.
        let next = mixed(&in_force, good, |name| {
            refused.contains(name) && (!is_of_rule(name) || good.contains_key(name))
        });
        if next == in_force {
            break;
        }
        told.append(told_one_by_one(latest, &in_force, &next));
        instead = Some(read(&next));
        in_force = next;
    }
    if let Some(instead) = instead.filter(|instead| instead.is_served() && !is_locked) {
        return Some((instead, in_force, told));
    }
    let all = mixed(&in_force, good, |name| !is_of_rule(name));
    if all == *asked || (reading.is_served() && !is_locked) {
        return None;
    }
    let instead = read(&all);
    instead.is_served().then(|| (instead, all, told_of_all(reading)))
}

/// Whether an annotation is of one rule of `spec`.
fn is_of_rule(name: &str) -> bool {
    FAMILIES.iter().any(|family| name.starts_with(family))
}

/// Unusable annotations are remembered as they were before. What asks for no listener without
/// being refused was meant so, and forgets what was good.
fn last_good<R: Reading>(
    reading: &R,
    in_force: &Arc<ElbTexts>,
    before: Option<&Arc<ElbTexts>>,
) -> Option<Arc<ElbTexts>> {
    let refused: BTreeSet<&str> = refused_names(reading).collect();
    match (reading.is_served(), refused.is_empty()) {
        (true, true) => Some(in_force.clone()),
        (true, false) => {
            before.map(|before| Arc::new(mixed(in_force, before, |name| refused.contains(name))))
        }
        (false, true) => None,
        (false, false) => before.cloned(),
    }
}

/// `texts`, but for those that are replaced, which are as before.
fn mixed(texts: &ElbTexts, before: &ElbTexts, is_replaced: impl Fn(&str) -> bool) -> ElbTexts {
    let kept = texts.iter().filter(|(name, _)| !is_replaced(name));
    let replaced = before.iter().filter(|(name, _)| is_replaced(name));
    kept.chain(replaced).map(|(name, text)| (name.clone(), text.clone())).collect()
}

fn told_one_by_one<R: Reading>(reading: &R, asked: &ElbTexts, in_force: &ElbTexts) -> Problems {
    let mut told = Problems::default();
    for problem in reading.refused() {
        let Some(name) = annotation_in(ELB_PREFIX, &problem.field) else { continue };
        let (now, kept) = (asked.get(name), in_force.get(name));
        if now == kept {
            continue;
        }
        let kept = match kept {
            None => "unset".to_owned(),
            // JSON would hide what matters.
            Some(kept) if kept.contains(['"', '\n']) => "as it was".to_owned(),
            Some(kept) => format!("{kept:?}"),
        };
        let why = match now {
            Some(_) => "what is written cannot be used",
            None => "it cannot be left out",
        };
        let message = format!("{name} stays {kept}, since {why}: {}", problem.message);
        told.warn(problem.reason, problem.field.clone(), message);
    }
    told
}

fn told_of_all<R: Reading>(reading: &R) -> Problems {
    let mut told = Problems::default();
    let of_annotations = |problem: &&Problem| annotation_in(ELB_PREFIX, &problem.field).is_some();
    for problem in reading.refused().iter().filter(of_annotations) {
        let message = format!(
            "all annotations under {ELB_PREFIX} stay as they were last good, since what is written cannot be used: {}",
            problem.message
        );
        told.warn(problem.reason, problem.field.clone(), message);
    }
    told
}

fn refused_names<R: Reading>(reading: &R) -> impl Iterator<Item = &str> {
    reading.refused().iter().filter_map(|problem| annotation_in(ELB_PREFIX, &problem.field))
}

/// What an object writes, by name without the prefix.
fn texts<T: Metadata<Ty = ObjectMeta>>(object: &Object<T>) -> ElbTexts {
    let written = object.body.metadata().annotations.iter().flatten();
    let named = written.filter_map(|(key, text)| Some((key.strip_prefix(ELB_PREFIX)?, text)));
    // An empty text is as good as none.
    let named = named.filter(|(_, text)| !text.trim().is_empty());
    named.map(|(name, text)| (name.into(), text.as_str().into())).collect()
}

/// The object with other annotations of the dialect.
fn with<'a, T>(object: &'a Object<T>, texts: &ElbTexts) -> Cow<'a, Object<T>>
where
    T: Metadata<Ty = ObjectMeta> + Clone,
{
    if *texts == self::texts(object) {
        return Cow::Borrowed(object);
    }
    let mut changed = object.clone();
    let annotations = changed.body.metadata_mut().annotations.get_or_insert_default();
    annotations.retain(|key, _| !key.starts_with(ELB_PREFIX));
    let texts = texts.iter().map(|(name, text)| (format!("{ELB_PREFIX}{name}"), text.to_string()));
    annotations.extend(texts);
    Cow::Owned(changed)
}
