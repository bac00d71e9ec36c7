//! What is on the machines: which programs run, which files they read, what those hold, and what
//! the processes present. Found by asking, not by knowing where things should be.
//!
//! The order of asking: the process and its environment, the unit or static pod that starts it,
//! its configuration file, and only then the folders that a layout uses. What the inventory says
//! stands above all of it. Everything but [`gather`] is pure.

mod beside;
mod candidates;
mod caution;
mod config_file;
mod container;
mod endpoint;
mod flag;
mod layout;
mod manifest;
mod presented;
mod product;
mod programs;
mod references;
mod source;
mod systemd;
mod told;
mod unit;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use futures::future::join_all;

pub(crate) use self::presented::LOOPBACK;
use self::{
    programs::{Programs, programs},
    source::Look,
};
use crate::{
    Component, Facts, FileSeen, HostFacts, HostName, Inventory, Pair, Program, Purpose, Reread,
    RunBy, Site, SiteError,
    certificate::Certificate,
    inventory::{Host, Layout},
    kubeconfig, pem,
    site::{Clock, Survey},
};

/// Names in folders that were listed.
type Listings = BTreeMap<PathBuf, Vec<String>>;
type Files = BTreeMap<PathBuf, FileSeen>;

/// A folder with more files is no folder of a cluster's certificates but of everybody's.
const MOST_NAMES: usize = 200;

/// Looks at all hosts of the inventory at the same time.
pub async fn gather(site: &impl Site, inventory: &Inventory, clock: &impl Clock) -> Facts {
    gather_telling(site, inventory, clock, |_| {}).await
}

/// The same, telling of each host that has been looked at or could not be.
pub async fn gather_telling(
    site: &impl Site,
    inventory: &Inventory,
    clock: &impl Clock,
    done: impl Fn(&HostName),
) -> Facts {
    let looks = inventory.hosts.iter().map(async |host| {
        let seen = look_at(site, host, inventory.layout).await;
        let seen = seen.unwrap_or_else(|error| HostFacts {
            unreached: Some(error.why()),
            ..HostFacts::default()
        });
        done(&host.name);
        (host.name.clone(), seen)
    });
    let hosts = join_all(looks).await.into_iter().collect();
    let mut facts = Facts { now: clock.now(), hosts };
    beside::add(&mut facts);
    beside::settle_purposes(&mut facts);
    facts
}

async fn look_at(site: &impl Site, host: &Host, layout: Layout) -> Result<HostFacts, SiteError> {
    let mut survey = site.survey(&host.name).await?;
    ask_commands(site, host, &mut survey).await?;
    let mut listings = Listings::new();
    let mut telling: Vec<PathBuf> = layout::TELLING.map(PathBuf::from).into();
    telling.extend(product::CONFIGS.map(PathBuf::from));
    telling.extend(host.overrides.values().filter_map(|said| said.cert_dir.clone()));
    list(site, host, telling, &mut listings).await?;

    let mut files = Files::new();
    // An environment file may name a configuration file, and that one the folder of another.
    for _ in 0..3 {
        let look = Look { host, layout, survey: &survey, files: &files, listings: &listings };
        let wanted = look.configuration_files();
        read(site, host, wanted, &mut files).await?;
    }
    let look = Look { host, layout, survey: &survey, files: &files, listings: &listings };
    let Programs { mut components, notes, doubts } = programs(&look);
    let layout = match layout {
        Layout::Auto => layout::of(&components, &survey, &listings),
        said => said,
    };

    list(site, host, folders(&components), &mut listings).await?;
    let mut wanted: Vec<PathBuf> = components.iter().flat_map(paths).collect();
    // A run may tell an API server of another file.
    let manifests = components.iter().filter_map(|component| component.run_by.manifest());
    wanted.extend(manifests.map(Path::to_owned));
    wanted.extend(certificate_files(&listings));
    wanted.extend(layout::KUBECONFIGS.map(PathBuf::from));
    read(site, host, wanted, &mut files).await?;
    let referenced = follow_kubeconfigs(&mut components, &files);
    read(site, host, referenced, &mut files).await?;
    for component in &mut components {
        drop_absent_defaults(component, &files);
    }

    let look = Look { host, layout, survey: &survey, files: &files, listings: &listings };
    Ok(HostFacts {
        clock_ahead: survey.clock_ahead,
        cautions: caution::cautions(&look, &components),
        is_enforcing: survey.is_enforcing,
        elsewhere: elsewhere(&survey, &files),
        layout,
        product: look.product(layout),
        served: presented::served(site, host, &components).await,
        loopback: presented::loopback(site, host, &components).await,
        idle_kubeconfigs: idle_kubeconfigs(&components, &files),
        components,
        files,
        notes,
        doubts,
        ..HostFacts::default()
    })
}

/// Programs that the operator's commands run are found by these commands, not by their names:
/// several may run on one machine.
async fn ask_commands(site: &impl Site, host: &Host, survey: &mut Survey) -> Result<(), SiteError> {
    for (program, said) in &host.overrides {
        let (Some(stop), Some(start), Some(is_running)) =
            (&said.stop, &said.start, &said.is_running)
        else {
            continue;
        };
        let run_by = RunBy::Commands {
            stop: stop.clone(),
            start: start.clone(),
            is_running: is_running.clone(),
        };
        survey.processes.retain(|(found, _)| found != program);
        let process = site.process(&host.name, *program, &run_by).await?;
        survey.processes.extend(process.map(|process| (*program, process)));
    }
    Ok(())
}

async fn list(
    site: &impl Site,
    host: &Host,
    folders: Vec<PathBuf>,
    listings: &mut Listings,
) -> Result<(), SiteError> {
    let new: BTreeSet<PathBuf> =
        folders.into_iter().filter(|folder| !listings.contains_key(folder)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let new: Vec<PathBuf> = new.into_iter().collect();
    let names = site.list(&host.name, &new).await?;
    listings.extend(new.into_iter().zip(names));
    Ok(())
}

async fn read(
    site: &impl Site,
    host: &Host,
    wanted: Vec<PathBuf>,
    files: &mut Files,
) -> Result<(), SiteError> {
    let new: BTreeSet<PathBuf> =
        wanted.into_iter().filter(|path| !files.contains_key(path)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let new: Vec<PathBuf> = new.into_iter().collect();
    let seen = site.read(&host.name, &new).await?;
    files.extend(new.into_iter().zip(seen));
    Ok(())
}

/// A kubelet that asks the API server for its serving certificate has none of its own.
fn drop_absent_defaults(component: &mut Component, files: &Files) {
    if component.program == Program::Kubelet {
        let is_there = |path: &Path| files.get(path).is_some_and(|file| file.content.is_some());
        component
            .pairs
            .retain(|pair| pair.purpose != Purpose::KubeletServing || is_there(&pair.certificate));
    }
}

/// All paths that a component names.
pub fn paths(component: &Component) -> Vec<PathBuf> {
    let mut all = component.kubeconfigs.clone();
    all.extend(component.trusts.iter().map(|trust| trust.path.clone()));
    for pair in &component.pairs {
        all.extend([pair.certificate.clone(), pair.key.clone()]);
    }
    all
}

/// Where copies and the keys of authorities may lie. The kubelet keeps its past in its own folder.
fn folders(components: &[Component]) -> Vec<PathBuf> {
    let named = components.iter().filter(|component| component.program != Program::Kubelet);
    let mut all: BTreeSet<PathBuf> = layout::COMMON.map(PathBuf::from).into();
    for component in named {
        let files = component.trusts.iter().map(|trust| &trust.path);
        let files = files.chain(component.pairs.iter().map(|pair| &pair.certificate));
        all.extend(files.filter_map(|path| path.parent()).map(Path::to_owned));
    }
    all.into_iter().collect()
}

fn certificate_files(listings: &Listings) -> Vec<PathBuf> {
    const ENDINGS: [&str; 4] = ["pem", "crt", "key", "cert"];
    let small = listings.iter().filter(|(_, names)| names.len() <= MOST_NAMES);
    let files = small.flat_map(|(folder, names)| names.iter().map(|name| folder.join(name)));
    files
        .filter(|path| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            ending.is_some_and(|ending| ENDINGS.contains(&ending))
        })
        .collect()
}

/// Files that kubeconfigs name; the kubelet's pair becomes the component's own.
fn follow_kubeconfigs(components: &mut [Component], files: &Files) -> Vec<PathBuf> {
    let mut wanted = Vec::new();
    for component in components {
        for path in &component.kubeconfigs {
            let content = files.get(path).and_then(|file| file.content.as_ref());
            let Some(content) = content else { continue };
            let named = references::of(path, content.bytes());
            wanted.extend(named.authorities);
            for (certificate, key) in named.pairs {
                wanted.extend([certificate.clone(), key.clone()]);
                if component.program == Program::Kubelet {
                    component.pairs.push(Pair {
                        purpose: Purpose::KubeletClient,
                        certificate,
                        key,
                        reread: Reread::Always,
                    });
                }
            }
        }
    }
    wanted
}

/// What the survey found beside the files that were read, by whichever of their names.
fn elsewhere(survey: &Survey, files: &Files) -> BTreeMap<PathBuf, Vec<Certificate>> {
    let is_known = |path: &PathBuf| {
        files.contains_key(path) || files.values().any(|file| file.target == *path)
    };
    let certificates = |text: &str| {
        let texts = kubeconfig::texts(text.as_bytes());
        texts.iter().flat_map(|text| pem::certificates(text)).collect()
    };
    let found = survey.elsewhere.iter().filter(|(path, _)| !is_known(path));
    found.map(|(path, text)| (path.clone(), certificates(text))).collect()
}

fn idle_kubeconfigs(components: &[Component], files: &Files) -> Vec<PathBuf> {
    let is_read = |path: &PathBuf| components.iter().any(|found| found.kubeconfigs.contains(path));
    let is_there = |path: &PathBuf| files.get(path).is_some_and(|file| file.content.is_some());
    let all = layout::KUBECONFIGS.map(PathBuf::from);
    all.into_iter().filter(|path| is_there(path) && !is_read(path)).collect()
}

/// By the name of its binary, wherever that lies.
fn program_of(binary: &str) -> Option<Program> {
    let name = Path::new(binary).file_name()?.to_str()?;
    Program::ALL.into_iter().find(|program| program.name() == name)
}

#[cfg(test)]
mod tests;
