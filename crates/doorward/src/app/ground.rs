//! What a run stands on: where objects come from, and where what it makes is kept.

use std::{path::PathBuf, sync::Arc};

use issue::Orders;
use model::{CertificateId, Model, TicketKeys, Verdict};
use rotate::status::Status;
use serve::Served;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use translate::{Memory, World};

use super::attaching::Attached;
use crate::admin::Keep;

/// One for each way to run. Its source runs already, and the first World is there.
pub struct Ground {
    pub worlds: watch::Receiver<Arc<World>>,
    /// What the last run left behind.
    pub memory: Memory,
    /// What the leader remembers, where there is one; it counts on every other replica.
    pub led: Option<watch::Receiver<Arc<Memory>>>,
    /// Shared by all replicas; `None`: this process makes its own.
    pub tickets: Option<watch::Receiver<Arc<TicketKeys>>>,
    pub keep: Arc<dyn Keep>,
    pub facts: GroundFacts,
    /// Stages that have something to finish after they were told to stop.
    pub parting: Vec<JoinHandle<()>>,
    /// Starts the stages behind the Model.
    pub follow: Box<dyn FnOnce(Flow) + Send>,
}

/// For people.
pub struct GroundFacts {
    /// What is served: folders, or a cluster.
    pub of: String,
    /// The own CA's root certificate, if it is a file here.
    pub root: Option<PathBuf>,
}

/// The ends of the arrows that the stages behind the Model hold.
pub struct Flow {
    /// The World behind Model and verdicts.
    pub worlds: watch::Receiver<Arc<World>>,
    pub models: watch::Receiver<Arc<Model>>,
    pub verdicts: watch::Receiver<Arc<Vec<Verdict>>>,
    pub memories: watch::Receiver<Arc<Memory>>,
    pub served: watch::Receiver<Arc<Served>>,
    pub orders: watch::Sender<Orders>,
    /// What listeners of AWS carry.
    pub attached: watch::Sender<Attached>,
    /// Takes what an operator wants renewed; `None` where another replica issues.
    pub renewals: watch::Sender<Option<mpsc::Sender<CertificateId>>>,
    /// What machines of the cluster look like, where they are looked at.
    pub looks: watch::Receiver<Option<Arc<Status>>>,
}
