//! `mirror` and `mirrors`: who gets a copy of requests.

use model::{PerMillion, Reason};

use super::{destination::Destinations, percent};
use crate::dialect::{Fields, Problems};

#[derive(Clone, Debug)]
pub(super) struct Copies {
    /// Place among the object's destinations.
    pub destination: usize,
    pub share: PerMillion,
}

/// `None` where nothing is said; without a percentage all requests are copied.
pub(super) fn read(
    rule: &mut Fields<'_>,
    destinations: &mut Destinations<'_>,
    problems: &mut Problems,
) -> Option<Vec<Copies>> {
    let older = [
        percent::read_whole(rule, "mirrorPercent", problems),
        percent::read_whole(rule, "mirror_percent", problems),
    ];
    let share = percent::read(rule, "mirrorPercentage", problems);
    let share = older.into_iter().flatten().next().filter(|_| share.is_none()).or(share);
    let single = rule.has("mirror").then(|| destinations.read(rule, "mirror", problems));
    let several = rule.children("mirrors", "HTTPMirrorPolicy", problems);
    if single.is_some() && !several.is_empty() {
        let text = "mirror and mirrors exclude each other: keep mirrors";
        problems.reject(Reason::InvalidField, rule.path_of("mirrors"), text);
    }
    let is_said = single.is_some() || !several.is_empty();
    let mut copies: Vec<Copies> = Vec::with_capacity(several.len());
    let all = PerMillion::ALL;
    copies.extend(
        single.flatten().map(|destination| Copies { destination, share: share.unwrap_or(all) }),
    );
    for mut block in several {
        let share = percent::read(&mut block, "percentage", problems).unwrap_or(all);
        let destination = destinations.read(&mut block, "destination", problems);
        block.finish(problems);
        copies.extend(destination.map(|destination| Copies { destination, share }));
    }
    copies.retain(|copy| copy.share > PerMillion(0));
    is_said.then_some(copies)
}
