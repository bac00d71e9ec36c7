//! `actions.SERVICE`: a JSON list of what a rule changes on the way and what answers. ALB and ELB
//! write nearly the same; where a key has two names, both are read.

mod answer;
pub(super) mod aws;
mod edit;

use model::{Filter, Reason, TrafficLimit};

pub(super) use answer::Answer;

use super::json_list::{JsonList, Unusable, Written};
use crate::dialect::{Fields, Problems, did_you_mean, nearest};

/// What one annotation comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Actions {
    pub limit: Option<TrafficLimit>,
    /// In written order.
    pub filters: Vec<Filter>,
    pub answer: Option<Answer>,
}

const TYPES: &[&str] = &[
    "FixedResponse",
    "Redirect",
    "ForwardGroup",
    "ForwardPool",
    "InsertHeader",
    "RemoveHeader",
    "Rewrite",
    "TrafficLimit",
    "TrafficMirror",
    "Cors",
];

const CONFIGS: &[&str] = &[
    "order",
    "FixedResponseConfig",
    "RedirectConfig",
    "forwardConfig",
    "ForwardGroup",
    "InsertHeaderConfig",
    "RemoveHeaderConfig",
    "RewriteConfig",
    "TrafficLimitConfig",
    "TrafficMirrorConfig",
    "CorsConfig",
];

pub(super) fn read(written: Written<'_>, problems: &mut Problems) -> Result<Actions, Unusable> {
    let list = JsonList::parse(written, problems)?;
    let mut actions = Actions::default();
    list.read_each("Action", problems, |item, problems| {
        let taken = actions.take_in(item, problems);
        item.accept(CONFIGS);
        taken
    })?;
    Ok(actions)
}

impl Actions {
    fn take_in(&mut self, item: &mut Fields<'_>, problems: &mut Problems) -> Result<(), Unusable> {
        let written = item.text("type", problems).unwrap_or_default();
        let known = TYPES.iter().find(|known| known.eq_ignore_ascii_case(written));
        match known.copied() {
            Some("FixedResponse") => {
                self.answer_once(answer::fixed(item, problems)?, item, problems)
            }
            Some("Redirect") => self.answer_once(answer::redirect(item, problems)?, item, problems),
            Some("ForwardGroup") => {
                self.answer_once(answer::forward(item, problems)?, item, problems)
            }
            Some("ForwardPool") => {
                self.answer_once(answer::forward_pool(item, problems)?, item, problems)
            }
            Some("InsertHeader") => self.add(edit::insert_header(item, problems)?),
            Some("RemoveHeader") => self.add(edit::remove_header(item, problems)?),
            Some("Rewrite") => self.add(edit::rewrite(item, problems)?),
            Some("Cors") => self.add(edit::cors(item, problems)?),
            Some("TrafficLimit") => {
                self.limit = edit::limit(item, problems)?;
                Ok(())
            }
            Some(_) => {
                let text = "TrafficMirror has no effect in Doorward; the requests are not copied: remove it";
                problems.warn(Reason::NotHonoured, item.path(), text);
                Ok(())
            }
            None => {
                let cure = did_you_mean(nearest(written, TYPES.iter().copied()));
                let text = format!("readAction Failed(unknown action type): {written}; {cure}");
                problems.reject(Reason::InvalidAnnotation, item.path_of("type"), text);
                Err(Unusable)
            }
        }
    }

    fn add(&mut self, filter: Filter) -> Result<(), Unusable> {
        self.filters.push(filter);
        Ok(())
    }

    fn answer_once(
        &mut self,
        answer: Answer,
        item: &Fields<'_>,
        problems: &mut Problems,
    ) -> Result<(), Unusable> {
        if let Some(first) = &self.answer {
            problems.reject(Reason::InvalidAnnotation, item.path(), too_many(first, &answer));
            return Err(Unusable);
        }
        self.answer = Some(answer);
        Ok(())
    }
}

/// Two things cannot both answer; the first words are the vendor's.
pub(super) fn too_many(first: &Answer, second: &Answer) -> String {
    format!(
        "multi finalType action find: [{} {}]: keep one action that answers, and write the backend port name use-annotation if it stands in actions",
        first.type_name(),
        second.type_name()
    )
}
