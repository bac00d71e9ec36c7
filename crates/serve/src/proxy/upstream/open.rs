//! A connection to a backend for its own sake: endpoints in turn until one has taken it.

use std::{net::IpAddr, sync::Arc};

use model::Backend;

use super::{Upstream, errand::Failure, send::MAX_ATTEMPTS, station::Station, stream::Stream};
use crate::proxy::reason::Reason;

/// An open connection and whom it leads to.
#[derive(Debug)]
pub struct Opened {
    pub stream: Stream,
    pub endpoint: Arc<str>,
    pub attempts: u32,
}

impl Upstream {
    pub async fn open(&self, backend: &Arc<Backend>, client: IpAddr) -> Result<Opened, Failure> {
        let rotation = self.rotation(backend);
        let mut tried: Vec<Arc<Station>> = Vec::new();
        let mut reason = Reason::NoEndpoints;
        while tried.len() < MAX_ATTEMPTS
            && let Some(station) = rotation.pick(&tried, client)
        {
            let attempts = tried.len() as u32 + 1;
            match self.dial(station).await {
                Ok(stream) => {
                    return Ok(Opened { stream, endpoint: station.label.clone(), attempts });
                }
                Err(fault) => {
                    station.shunned.begin(self.options.shun_time);
                    self.complain(station, backend, &fault);
                    tried.push(station.clone());
                    reason = fault.reason;
                }
            }
        }
        let endpoint = tried.last().map(|station| station.label.clone());
        Err(Failure { reason, endpoint, attempts: tried.len() as u32 })
    }
}
