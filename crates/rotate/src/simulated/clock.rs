//! The cluster's clock, which only moves when somebody waits or works.

use std::time::Duration;

use jiff::Timestamp;

use super::Simulated;
use crate::site::Clock;

impl Clock for Simulated {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    async fn sleep(&self, time: Duration) {
        self.state().advance(time);
        tokio::task::yield_now().await;
    }
}
