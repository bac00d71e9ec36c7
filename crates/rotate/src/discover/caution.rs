//! What is no fault of a cluster that is left alone, and matters once something is changed.

use super::{flag, source::Look, told::Told};
use crate::{Component, Program, RunBy, site::Survey};

pub(super) fn cautions(look: &Look<'_>, components: &[Component]) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(clock(look.survey));
    for component in components {
        found.extend(unrestarted(look.survey, component));
        found.extend(
            look.find(component.program).and_then(|one| mounted_alone(component, &one.told)),
        );
    }
    found
}

fn clock(survey: &Survey) -> Option<String> {
    let text = "nobody keeps its clock right (NTP is not synchronized)";
    (survey.is_clock_kept == Some(false)).then(|| text.to_owned())
}

/// Who starts it again if it ends by itself, as a member does that finds its disk full.
fn unrestarted(survey: &Survey, component: &Component) -> Option<String> {
    let RunBy::Systemd { unit: name } = &component.run_by else { return None };
    let unit = survey.units.iter().find(|unit| unit.name == *name)?;
    let restart = unit.properties.get("Restart").map_or("no", String::as_str);
    (component.program == Program::Etcd && restart == "no")
        .then(|| format!("{name} has no Restart=: if etcd ends by itself, nobody starts it again"))
}

/// A file that is mounted by itself is the old one to its container until that starts anew.
fn mounted_alone(component: &Component, told: &Told) -> Option<String> {
    let flags = flag::certificates(component.program).filter(|flag| told.is_mounted_alone(flag));
    let alone: Vec<&str> = flags.flat_map(|flag| told.settings.all(flag)).collect();
    (!alone.is_empty()).then(|| {
        format!(
            "the container of {} has {} mounted as single files: it sees new ones only when it is \
             started anew",
            component.program,
            alone.join(", ")
        )
    })
}
