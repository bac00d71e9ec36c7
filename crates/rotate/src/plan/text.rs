//! A plan as people read it: every step, with each file and what it gets.

use std::fmt;

use super::{Act, Change, Mode, Phase, Place, Plan, Rotation, Setting, Stage, Step};

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leaf => "leaf",
            Self::SameKey => "same-key",
            Self::Cross => "cross",
            Self::Bundle => "bundle",
            Self::Sweep => "sweep",
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Mode {}: {}.", self.mode, self.why)?;
        for authority in &self.authorities {
            let how = match (authority.same_key, authority.cross_signed) {
                _ if authority.successor.is_some() => "there already",
                _ if authority.joins.is_some() => "the same new one",
                (true, _) => "anew with the same key",
                (_, true) => "new, cross-signed by the old one",
                _ => "new",
            };
            let ends = authority.not_after.strftime("%Y-%m-%d");
            writeln!(
                f,
                "Authority {}: {} ({how}), until {ends}.",
                authority.id, authority.subject
            )?;
        }
        for leaf in &self.leaves {
            let ends = leaf.not_after.strftime("%Y-%m-%d");
            let files = match leaf.kept_at.len() {
                1 => "1 place".to_owned(),
                count => format!("{count} places"),
            };
            let key = if leaf.reuse_key { "same key" } else { "new key" };
            writeln!(f, "Leaf {}: {} in {files}, {key}, until {ends}.", leaf.id, leaf.subject)?;
        }
        for note in &self.notes {
            writeln!(f, "Note: {note}")?;
        }
        if !self.pending.is_empty() {
            let hosts: Vec<String> = self.pending.iter().map(ToString::to_string).collect();
            writeln!(f, "Later: {}.", hosts.join(", "))?;
        }
        let mut phase = None;
        for step in &self.steps {
            if phase != Some(step.phase) {
                writeln!(f, "\n{}", title(step.phase))?;
                phase = Some(step.phase);
            }
            write_step(f, step)?;
        }
        Ok(())
    }
}

fn title(phase: Phase) -> &'static str {
    match phase {
        Phase::Prepare => "Prepare (nothing that is in use changes)",
        Phase::Trust => "Trust both (one restart each)",
        Phase::Leaves => "Leaves",
        Phase::Flip => "Trust the new one only (one restart each)",
        Phase::Sweep => "Sweep (all at once)",
        Phase::Rest => "The rest",
        Phase::Finish => "Finish",
    }
}

fn write_step(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    writeln!(f, "{:>4}. {}", step.number, step.act)?;
    match &step.act {
        Act::Change(change) => write_places(f, change, "      "),
        Act::Rotate(rotation) => write_rotation(f, rotation),
        Act::Sweep { changes, .. } => changes.iter().try_for_each(|change| {
            writeln!(f, "      {}", change.host)?;
            write_places(f, change, "        ")
        }),
        _ => Ok(()),
    }
}

fn write_places(f: &mut fmt::Formatter<'_>, change: &Change, indent: &str) -> fmt::Result {
    change.places.iter().try_for_each(|place| writeln!(f, "{indent}{place}"))
}

fn write_rotation(f: &mut fmt::Formatter<'_>, rotation: &Rotation) -> fmt::Result {
    let [stop, start] = rotation.product.commands();
    if rotation.has_member {
        writeln!(
            f,
            "      when every other member of etcd is well; if it leads, another one first"
        )?;
    }
    writeln!(f, "      {stop}")?;
    writeln!(f, "      {}", rotation.product.command)?;
    writeln!(f, "      {start}")?;
    let member = if rotation.has_member { "etcd has its quorum, " } else { "" };
    writeln!(f, "      until {member}its API server reads and writes, and what is served is new")
}

/// One line, without the files.
impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock { host } => write!(f, "lock {host}"),
            Self::Snapshot { host } => write!(f, "snapshot of etcd's data, from {host}"),
            Self::Issue => write!(f, "make and check all keys and certificates, here"),
            Self::Stage { host } => write!(f, "stage on {host}"),
            Self::Backup { host } => write!(f, "back up {host}"),
            Self::Change(change) => write!(f, "{change}"),
            Self::Rotate(Rotation { host, product, .. }) => {
                write!(f, "{} on {host}: renew its own certificates, restart", product.server)
            }
            Self::Sweep { program, changes } => {
                write!(f, "stop {program} on {} hosts, write, start all", changes.len())
            }
            Self::Verify => write!(f, "verify files, running programs, reads and writes"),
            Self::Clear { host } => write!(f, "remove what was staged on {host}"),
            Self::Unlock { host } => write!(f, "unlock {host}"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: ", self.program, self.host)?;
        match (self.places.len(), self.restart) {
            (0, _) => f.write_str("restart"),
            (1, true) => f.write_str("write 1 file, restart"),
            (1, false) => f.write_str("write 1 file, no restart"),
            (count, true) => write!(f, "write {count} files, restart"),
            (count, false) => write!(f, "write {count} files, no restart"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<String> = self.settings.iter().map(ToString::to_string).collect();
        write!(f, "{} ← {}", self.path.display(), settings.join(", "))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trust { authority, stage: Stage::Old } => write!(f, "trust in {authority}, old"),
            Self::Trust { authority, stage: Stage::Both } => {
                write!(f, "trust in {authority}, old and new")
            }
            Self::Trust { authority, stage: Stage::New } => write!(f, "trust in {authority}, new"),
            Self::Certificate { leaf, crossed: true } => {
                write!(f, "certificate {leaf} with its cross certificate")
            }
            Self::Certificate { leaf, crossed: false } => write!(f, "certificate {leaf}"),
            Self::Key { leaf } => write!(f, "key {leaf}"),
            Self::Flag { name, value } => write!(f, "--{name}={value}"),
            Self::AuthorityKey { authority } => write!(f, "key of {authority}"),
        }
    }
}
