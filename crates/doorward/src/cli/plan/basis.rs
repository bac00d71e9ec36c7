//! What a plan is made of: manifests with the state folder of whoever serves them, or all that a
//! cluster holds.

use std::{fmt, path::PathBuf};

use ::watch::state::{StateView, Unreadable};
use anyhow::{Context, Result};
use cluster::{
    client,
    glance::{Glance, glance},
};
use issue::Page;
use jiff::Timestamp;

use crate::{
    args::PlanArgs,
    cli::{
        manifests::{self, Found},
        runtime,
    },
    config::Offline,
    view::ListenerView,
};

pub struct Basis {
    pub place: Place,
    pub found: Found,
    /// Of the book of orders.
    pub pages: Vec<Page>,
    /// What was served last; `None`: nobody wrote that down.
    pub served: Option<Vec<ListenerView>>,
}

/// Where a Doorward keeps what it remembers.
pub enum Place {
    /// One that is read.
    Folder(PathBuf),
    /// None is there yet.
    NoFolder(PathBuf),
    /// As people name it.
    Cluster(String),
}

impl Basis {
    pub fn look(args: &PlanArgs, now: Timestamp) -> Result<Self> {
        let mut offline = Offline::read(args.look.config.as_deref(), &args.paths)?;
        match args.kube.kube {
            true => Self::of_cluster(args, &mut offline, now),
            false => Self::of_folder(args, &offline, now),
        }
    }

    fn of_folder(args: &PlanArgs, offline: &Offline, now: Timestamp) -> Result<Self> {
        let folder = offline.state(args.state.as_deref());
        let state = StateView::find(&folder);
        let mut found = manifests::read(&args.paths, &offline.settings, state.as_ref(), now)?;
        let Some(state) = state else {
            let (place, served) = (Place::NoFolder(folder), Some(Vec::new()));
            return Ok(Self { place, found, pages: Vec::new(), served });
        };
        let pages = state.load_orders().context("what was ordered")?;
        let pages = pages.into_iter().map(|(name, text)| Page { name, text }).collect();
        let served = match state.load_served()?.map(|text| serde_json::from_str(&text)) {
            None => Vec::new(),
            Some(Ok(served)) => served,
            Some(Err(error)) => {
                let (path, why) = (state.served(), error.to_string());
                found.unreadable.push(Unreadable { path, why });
                Vec::new()
            }
        };
        let place = Place::Folder(state.path().to_owned());
        Ok(Self { place, found, pages, served: Some(served) })
    }

    /// Each replica serves on its own, and none tells the API server what.
    fn of_cluster(args: &PlanArgs, offline: &mut Offline, now: Timestamp) -> Result<Self> {
        let cluster = offline.cluster(&args.kube)?;
        let settings = &offline.settings;
        let Glance { world, memory, pages } = runtime()?.block_on(async {
            let client = client::connect(&cluster.choice()).await?;
            anyhow::Ok(glance(client, cluster.watched(settings)).await?)
        })?;
        let found = manifests::translated(&world, settings, &memory.unwrap_or_default(), now);
        Ok(Self { place: Place::Cluster(cluster.cluster_name()), found, pages, served: None })
    }
}

impl Place {
    pub fn state_folder(&self) -> Option<String> {
        match self {
            Self::Folder(path) => Some(path.display().to_string()),
            Self::NoFolder(_) | Self::Cluster(_) => None,
        }
    }

    pub fn cluster(&self) -> Option<String> {
        match self {
            Self::Cluster(name) => Some(name.clone()),
            Self::Folder(_) | Self::NoFolder(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "state folder {}: read, not touched", path.display()),
            Self::NoFolder(path) => {
                write!(f, "no state folder {}: as before the first run", path.display())
            }
            Self::Cluster(name) => write!(f, "{name}: read, not touched"),
        }
    }
}
