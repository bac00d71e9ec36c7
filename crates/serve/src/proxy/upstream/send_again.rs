//! A request that its rule wants tried again when it fails.

use std::sync::Arc;

use http::Request;
use model::Retries;

use super::{
    Upstream,
    backoff::pause,
    errand::{Answered, Errand, Failure, Outcome},
    head::Head,
    kept_body::Kept,
    request_body::{RequestBody, awaiting_consent},
    upload::Upload,
};

impl Upstream {
    /// As [`Upstream::send`], by the rule's own conditions. A body longer than what is kept is
    /// sent once, but may find a connection at the second try.
    pub async fn send_again(
        &self,
        mut errand: Errand<'_>,
        retries: &Retries,
    ) -> Result<Answered, Failure> {
        let rotation = self.rotation(errand.backend);
        let original = Original::of(&errand.request);
        let mut failed = Vec::new();
        let mut attempts = 0;
        loop {
            let untried = rotation.pick(&failed, errand.client);
            let Some(station) = untried.or_else(|| rotation.pick(&[], errand.client)) else {
                return Err(Failure::without_endpoint());
            };
            attempts += 1;
            let began = tokio::time::Instant::now();
            let busy = rotation.occupy(station);
            let outcome = self.send_to(station, errand.request, &errand.course).await;
            let trial = self.judge(station, errand.backend, &outcome);
            let wait = pause(retries.backoff, attempts, fastrand::f64());
            let may_go_on = attempts <= retries.attempts
                && trial.is_worth_another(&retries.on)
                && (outcome.is_unsent() || original.is_repeatable())
                && errand.course.has_time_for(wait);
            if !may_go_on {
                return outcome.keeping(busy).into_result(station, attempts, began.elapsed());
            }
            errand.request = match outcome {
                Outcome::NotSent(unsent, _) => unsent,
                _ => original.again(),
            };
            if retries.avoids_failed {
                failed.push(station.clone());
            }
            tokio::time::sleep(wait).await;
        }
    }
}

/// What another try is made of.
struct Original {
    head: Head,
    upload: Option<Arc<Upload>>,
    kept: Option<Arc<Kept>>,
}

impl Original {
    fn of(request: &Request<RequestBody>) -> Self {
        let (upload, kept) = (request.body().upload(), request.body().kept_source());
        Self { head: Head::of(request), upload: upload.cloned(), kept: kept.cloned() }
    }

    fn is_repeatable(&self) -> bool {
        match &self.kept {
            Some(kept) => kept.is_repeatable(),
            None => self.upload.is_none(),
        }
    }

    fn again(&self) -> Request<RequestBody> {
        let body = match (&self.kept, &self.upload) {
            (Some(kept), Some(upload)) => RequestBody::again(kept, upload),
            _ => RequestBody::empty(),
        };
        awaiting_consent(self.head.clone().into_parts(), body)
    }
}
