//! Plays a case step by step, and holds every step to what must always be true.

use std::path::Path;

use model::{CertificateId, CertificateTable, ListenerKey};

use super::{
    case::{Case, ConsolePart, MeshPart, Step},
    facts::at,
    objects::Source,
    show,
};
use crate::{
    Memory, Settings, Translation, Translator, World, claim::OnDelete, translate,
    world::ConsoleEdit,
};

/// What came out of each step, as text.
pub fn run(file: &Path, case: &Case) -> Vec<String> {
    let settings = settings(case);
    let mut source = Source::default();
    case.certificates.iter().for_each(|facts| source.put(facts));
    source.apply(&case.objects);
    let mut translator = Translator::default();
    let mut memory = Memory::default();
    let mut now = at("+0d");
    let mut outcomes = Vec::new();
    for step in &case.steps {
        now = step.now.as_deref().map_or(now, at);
        if step.restart {
            memory = after_restart(memory);
            translator = Translator::default();
        }
        change(&mut source, step);
        let context = format!("{} step {:?}", file.display(), step.name);
        let translation = translator.translate(&source.world, &settings, &memory, now);
        let fresh = translate(&source.world, &settings, &memory, now);
        assert_eq!(translation, fresh, "{context}: the memo changed the answer");
        is_stable(&context, &source.world, &settings, &translation, now);
        outcomes.push(show::translation(&translation, case, now));
        memory = translation.memory;
    }
    outcomes
}

/// Nothing changes unless something changed; a restart serves every name as before.
fn is_stable(
    context: &str,
    world: &World,
    settings: &Settings,
    first: &Translation,
    now: jiff::Timestamp,
) {
    let mut again = translate(world, settings, &first.memory, now);
    assert_eq!(again.model, first.model, "{context}: the second look differs");
    // That the Default was kept is news only once there is something to keep.
    let is_news = |verdict: &model::Verdict| verdict.reason != model::Reason::DefaultKept;
    again.verdicts.retain(is_news);
    for verdict in &again.verdicts {
        assert!(
            first.verdicts.contains(verdict) || verdict.state == model::State::Accepted,
            "{context}: only the second look says {verdict:?}"
        );
    }
    let restarted = translate(world, settings, &after_restart(first.memory.clone()), now);
    for listener in first.model.listeners() {
        let has_memory_only = first.memory.lists.contains_key(&listener.key)
            || first.memory.listeners.contains_key(&listener.key);
        // A CA that is gone is not kept for a restart: whoever needs it fails closed.
        let checks_clients = !first.memory.client_roots.is_empty();
        let has_memory_only = has_memory_only || checks_clients;
        let Some(after) = restarted.model.listener(&listener.key) else {
            assert!(has_memory_only, "{context}: {} is lost by a restart", listener.key);
            continue;
        };
        if checks_clients && after.servers.len() < listener.servers.len() {
            continue;
        }
        let before = CertificateTable::new(&listener.certificates);
        let after = CertificateTable::new(&after.certificates);
        for name in names(first) {
            assert_eq!(
                before.choose_for(&name).certificate(),
                after.choose_for(&name).certificate(),
                "{context}: a restart changes what {name} gets"
            );
        }
    }
}

fn names(translation: &Translation) -> Vec<model::Name> {
    let listeners = translation.model.listeners();
    let bindings = listeners.flat_map(|listener| &listener.certificates.bindings);
    let certificates = bindings.filter_map(|binding| binding.certificate.as_ref());
    let mut names: Vec<_> = certificates.flat_map(|one| one.names.clone()).collect();
    names.push(model::Name::parse("nobody.knows.test").unwrap());
    names
}

fn after_restart(memory: Memory) -> Memory {
    let servers = memory.holding_servers();
    let servers = servers.map(|(key, served)| (key.clone(), served.clone())).collect();
    let Memory { defaults, held_over, elb, .. } = memory;
    Memory { defaults, held_over, elb, servers, ..Memory::default() }
}

fn settings(case: &Case) -> Settings {
    let part = &case.settings;
    let mut settings = Settings {
        default_issuer: part.default_issuer.as_deref().map(Into::into),
        port_map: part.port_map.clone(),
        retain_removed_settings: part.retain_removed_settings,
        only: part
            .only
            .as_ref()
            .map(|names| names.iter().map(|name| name.as_str().into()).collect()),
        ..Settings::default()
    };
    let MeshPart { gateway_namespace, workload, asm_strict_names, withdraws } = &part.mesh;
    let mesh = &mut settings.mesh;
    if let Some(namespace) = gateway_namespace {
        mesh.gateway_namespace = namespace.as_str().into();
    }
    mesh.workload.clone_from(workload);
    mesh.asm_strict_names = *asm_strict_names;
    if *withdraws {
        mesh.on_delete = OnDelete::Withdraw;
    }
    let addresses = part.addresses.iter();
    settings.addresses.extend(addresses.map(|(name, address)| (name.as_str().into(), *address)));
    settings
}

fn change(source: &mut Source, step: &Step) {
    step.certificates.iter().for_each(|facts| source.put(facts));
    source.apply(&step.objects);
    step.delete.iter().for_each(|what| source.delete(what));
    source.world.generation += u64::from(step.reconcile);
    use_console(source, &step.console);
}

fn use_console(source: &mut Source, part: &ConsolePart) {
    let generation = if part.standing { ConsoleEdit::STANDING } else { source.world.generation };
    let console = &mut source.world.console;
    if part.take_out {
        console.added.clear();
        console.removed.clear();
        console.defaults.values_mut().for_each(|edit| edit.generation = 0);
    }
    let parsed = |(key, id): (&String, &String)| -> (ListenerKey, ConsoleEdit) {
        (key.parse().unwrap(), ConsoleEdit { id: CertificateId::store(id), generation })
    };
    for (name, is_on) in &part.read_only {
        console.read_only.insert(name.as_str().into(), *is_on);
    }
    console.defaults.extend(part.set_default.iter().map(parsed));
    for (key, edit) in part.add.iter().map(parsed) {
        console.added.entry(key).or_default().push(edit);
    }
    for (key, edit) in part.remove.iter().map(parsed) {
        console.removed.entry(key).or_default().push(edit);
    }
}

/// The file with each `expect` replaced by what came out.
pub fn rewrite(text: &str, outcomes: &[String]) -> String {
    let mut outcomes = outcomes.iter();
    let mut new = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let key = line.trim_start().trim_start_matches("- ");
        if !key.starts_with("expect:") {
            new.push(line.to_owned());
            continue;
        }
        let depth = indent + (line.trim_start().len() - key.len());
        new.push(format!("{}expect: |", &line[..depth]));
        let outcome = outcomes.next().expect("one outcome for each expect");
        new.extend(outcome.lines().map(|line| format!("{}{line}", " ".repeat(depth + 2))));
        while lines
            .next_if(|next| next.trim().is_empty() || next.len() - next.trim_start().len() > depth)
            .is_some()
        {}
    }
    assert!(outcomes.next().is_none(), "a step has no `expect:` line");
    new.join("\n") + "\n"
}
