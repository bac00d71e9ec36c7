//! What can be looked at: the stages' newest values, put into the words of the API.

use std::sync::Arc;

use issue::Orders;
use jiff::Timestamp;
use model::{CertificateId, Listener, ListenerKey, LoadBalancer, Model, Verdict};
use serve::{Ledger, Served};
use tokio::sync::{mpsc, watch};
use translate::World;

use super::answer::ApiError;
use crate::{
    app::{attaching::Attached, troubling},
    view::{CertificateView, EnvoyView, ListenerView, LoadBalancerView},
};

/// The receiving ends of every arrow of the flow.
#[derive(Clone)]
pub struct Sight {
    /// The World behind Model and verdicts.
    pub worlds: watch::Receiver<Arc<World>>,
    pub models: watch::Receiver<Arc<Model>>,
    pub verdicts: watch::Receiver<Arc<Vec<Verdict>>>,
    pub orders: watch::Receiver<Orders>,
    /// What listeners of AWS carry; nothing where another replica sees to them.
    pub attached: watch::Receiver<Attached>,
    /// Verdicts on the cluster's own PKI; they are on no object of the World.
    pub inspected: watch::Receiver<Arc<Vec<Verdict>>>,
    /// `None` where another replica issues.
    pub renewals: watch::Receiver<Option<mpsc::Sender<CertificateId>>>,
    pub served: watch::Receiver<Arc<Served>>,
    pub ledger: Arc<Ledger>,
    /// Who takes certificates over SDS.
    pub envoys: Arc<publish::Ledger>,
}

impl Sight {
    pub fn world(&self) -> Arc<World> {
        self.worlds.borrow().clone()
    }

    pub fn model(&self) -> Arc<Model> {
        self.models.borrow().clone()
    }

    pub fn verdicts(&self) -> Arc<Vec<Verdict>> {
        let of_objects = troubling::join(
            &self.verdicts.borrow(),
            &self.orders.borrow(),
            &self.attached.borrow(),
            &self.models.borrow(),
        );
        match self.inspected.borrow().as_slice() {
            [] => of_objects,
            of_machines => of_objects.iter().chain(of_machines).cloned().collect::<Vec<_>>().into(),
        }
    }

    pub fn orders(&self) -> Orders {
        self.orders.borrow().clone()
    }

    pub fn served(&self) -> Arc<Served> {
        self.served.borrow().clone()
    }

    pub fn envoys(&self) -> Vec<EnvoyView> {
        self.envoys.clients().iter().map(EnvoyView::from).collect()
    }

    pub fn load_balancers(&self) -> Vec<LoadBalancerView> {
        self.model().load_balancers.iter().map(LoadBalancerView::from).collect()
    }

    pub fn load_balancer(&self, name: &str) -> Result<LoadBalancerView, ApiError> {
        let model = self.model();
        let found = model.load_balancers.iter().find(|balancer| *balancer.name == *name);
        found.map(LoadBalancerView::from).ok_or_else(|| no_load_balancer(&model, name))
    }

    pub fn listeners(&self) -> Vec<ListenerView> {
        let (model, verdicts, served) = (self.model(), self.verdicts(), self.served());
        let view = |balancer: &LoadBalancer, listener: &Listener| {
            let served = served.listeners.get(&listener.key);
            ListenerView::new(&model, balancer, listener, &verdicts, served)
        };
        let of = |balancer| balancer_listeners(balancer).map(move |listener| (balancer, listener));
        model.load_balancers.iter().flat_map(of).map(|(b, l)| view(b, l)).collect()
    }

    /// One listener in full, with what each name of it is answered with.
    pub fn listener(&self, key: &ListenerKey) -> Result<ListenerView, ApiError> {
        let (model, verdicts, served) = (self.model(), self.verdicts(), self.served());
        let of = |balancer| balancer_listeners(balancer).map(move |listener| (balancer, listener));
        let (balancer, listener) = model
            .load_balancers
            .iter()
            .flat_map(of)
            .find(|(_, listener)| listener.key == *key)
            .ok_or_else(|| no_listener(&model, key))?;
        let served = served.listeners.get(key);
        Ok(ListenerView::new(&model, balancer, listener, &verdicts, served).in_full(
            &model,
            listener,
            Some(&self.ledger.entries(key)),
        ))
    }

    pub fn certificates(&self) -> Vec<CertificateView> {
        let attached = self.attached.borrow().clone();
        CertificateView::all(&self.world(), &self.model(), &attached, Timestamp::now())
    }

    pub fn certificate(&self, id: &str) -> Result<CertificateView, ApiError> {
        let attached = self.attached.borrow().clone();
        let now = Timestamp::now();
        CertificateView::one(&self.world(), &self.model(), &attached, id, now).ok_or_else(|| {
            ApiError::not_found(
                "there is no such certificate: see `doorward certificate list` for those there are",
            )
            .on(format!("certificate {id}"))
        })
    }
}

fn balancer_listeners(balancer: &LoadBalancer) -> impl Iterator<Item = &Listener> {
    balancer.listeners.iter().map(|listener| &**listener)
}

pub fn no_load_balancer(model: &Model, name: &str) -> ApiError {
    let known: Vec<_> = model.load_balancers.iter().map(|balancer| &*balancer.name).collect();
    ApiError::not_found(format!("there is no such load balancer; there are: {}", list(&known)))
        .on(format!("load balancer {name}"))
}

pub fn no_listener(model: &Model, key: &ListenerKey) -> ApiError {
    let known: Vec<_> = model.listeners().map(|listener| listener.key.to_string()).collect();
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    ApiError::not_found(format!("there is no such listener; there are: {}", list(&known)))
        .on(format!("listener {key}"))
}

/// The first few, so that an error stays one line.
fn list(known: &[&str]) -> String {
    const SHOWN: usize = 8;
    match known {
        [] => "none".into(),
        all if all.len() <= SHOWN => all.join(", "),
        many => format!("{} and {} more", many[..SHOWN].join(", "), many.len() - SHOWN),
    }
}
