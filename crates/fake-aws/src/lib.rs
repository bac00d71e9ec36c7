//! AWS in the test's own process, on a loopback port: as much of Certificate Manager, Private
//! CA, Route 53 and Elastic Load Balancing as Doorward uses, over the protocols that the vendor's clients speak.
//!
//! It keeps the rules that hurt: certificates show late, validation looks into the public zones,
//! a zone takes one change at a time and all of a batch or nothing, what is in use cannot be
//! deleted. Time is virtual and passes when a test says so. Signatures and rights are not
//! checked; it can be told to refuse instead.
#![allow(clippy::panic, clippy::unwrap_used, reason = "this crate runs inside tests only")]

mod acm;
mod authority;
mod clock;
mod elb;
mod faults;
mod json;
mod pca;
mod route53;
mod server;
mod world;
mod xml;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{net::TcpListener, task::JoinHandle};

pub use acm::{Certificate, Status};
pub use faults::Fault;
use world::World;

/// The running fake. Dropping it closes the port and every connection.
pub struct FakeAws {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    accepting: JoinHandle<()>,
}

impl FakeAws {
    /// Starts it with nothing in it.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let world = Arc::new(Mutex::new(World::new()));
        let accepting = tokio::spawn(server::accept(listener, world.clone()));
        Self { address, world, accepting }
    }

    /// `http://127.0.0.1:PORT`, the endpoint of every service.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }
}

impl Drop for FakeAws {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}
