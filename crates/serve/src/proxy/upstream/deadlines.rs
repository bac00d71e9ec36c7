//! The times that a rule sets for one request, instead of the listener's.
//!
//! They run from the end of the request, as Envoy's do. While a client still sends, only silence
//! counts: that is the listener's time. Reading a body begins when the backend is connected, so
//! for requests with a body connecting is not part of the rule's time.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::upload::Upload;

/// The end of the time that an answer may take.
pub type TimeIsUp = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

#[derive(Clone, Debug)]
pub struct Deadlines {
    /// When the request began.
    began: Instant,
    upload: Option<Arc<Upload>>,
    /// How long a client that sends a body may be silent.
    silence: Duration,
    /// For everything, to the end of the answer.
    whole: Option<Duration>,
    /// For each try, to the head of its answer.
    per_try: Option<Duration>,
}

impl Deadlines {
    pub fn new(
        upload: Option<Arc<Upload>>,
        silence: Duration,
        whole: Option<Duration>,
        per_try: Option<Duration>,
    ) -> Self {
        Self { began: Instant::now(), upload, silence, whole, per_try }
    }

    /// Waits until a try that began then has had its time. Without end where there is none.
    pub async fn pass(&self, try_began: Instant) {
        let Some(sent) = self.request_sent().await else { return };
        let whole = self.whole.map(|whole| after(sent, whole));
        let own = self.per_try.map(|limit| after(sent.max(try_began), limit));
        match whole.into_iter().chain(own).min() {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }

    /// What is left for further tries; `None`: as much as they want.
    pub fn left(&self) -> Option<Duration> {
        let whole = self.whole?;
        let sent = self.upload.as_ref().map_or(Some(self.began), |upload| upload.ended());
        Some(sent.map_or(whole, |sent| after(sent, whole) - Instant::now()))
    }

    /// Ends when the answer must have been passed on; `None`: it may take its time.
    pub fn for_answer(&self) -> Option<TimeIsUp> {
        let (whole, upload, began) = (self.whole?, self.upload.clone(), self.began);
        Some(Box::pin(async move {
            let sent = match &upload {
                Some(upload) => upload.wait_for_end().await,
                None => began,
            };
            tokio::time::sleep_until(after(sent, whole)).await;
        }))
    }

    /// When the request was complete; `None`: its client fell silent before.
    async fn request_sent(&self) -> Option<Instant> {
        let Some(upload) = &self.upload else { return Some(self.began) };
        let mut moved = upload.bytes();
        loop {
            match tokio::time::timeout(self.silence, upload.wait_for_end()).await {
                Ok(ended) => return Some(ended),
                Err(_) if upload.bytes() > moved => moved = upload.bytes(),
                Err(_) => return None,
            }
        }
    }
}

/// As good as never where the clock cannot count that far.
fn after(instant: Instant, time: Duration) -> Instant {
    instant.checked_add(time).unwrap_or_else(|| instant + Duration::from_secs(86_400 * 365))
}

#[cfg(test)]
mod tests;
