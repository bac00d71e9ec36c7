//! Virtual time.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{FakeAws, lock};

impl FakeAws {
    /// Lets time pass; whatever was due in it has happened.
    pub fn pass(&self, time: Duration) {
        self.passing()(time);
    }

    /// [`FakeAws::pass`] for a task of the test's.
    pub fn passing(&self) -> impl Fn(Duration) + Send + use<> {
        let world = self.world.clone();
        move |time| {
            let mut world = lock(&world);
            world.now = world.now.checked_add(time).expect("tests stay in the calendar");
        }
    }

    pub fn now(&self) -> Timestamp {
        self.world().now
    }

    /// The same time, for what is tested.
    pub fn clock(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let world = self.world.clone();
        Arc::new(move || lock(&world).now)
    }
}
