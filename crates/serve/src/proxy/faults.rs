//! Faults on purpose: some requests wait, some are refused (Envoy's fault filter).

use http::{HeaderName, HeaderValue, Response, StatusCode};
use model::{Abort, AbortWith, Delay, FixedResponse, Forwarding, PerMillion};

use super::{body::Body, exchange::Exchange};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const MESSAGE: &str = "fault on purpose";

impl Exchange<'_> {
    /// Lets the request wait and yields the refusal, where it is among those. Both are drawn for
    /// themselves, and the wait comes first.
    pub async fn meet_faults(&mut self, forwarding: &Forwarding) -> Option<Response<Body>> {
        if let Some(Delay { share, by }) = forwarding.delay
            && draw(share)
        {
            // Apart, so that only requests that wait carry a timer.
            Box::pin(tokio::time::sleep(by)).await;
        }
        let Abort { share, with } = forwarding.abort?;
        draw(share).then(|| self.abort(with))
    }

    fn abort(&mut self, with: AbortWith) -> Response<Body> {
        let (status, content_type, body) = match with {
            AbortWith::Http(status) => (status, "text/plain; charset=utf-8", MESSAGE),
            AbortWith::Grpc(_) => (StatusCode::OK, "application/grpc", ""),
        };
        let mut response = self.fixed(&FixedResponse {
            status,
            content_type: HeaderValue::from_static(content_type),
            body: body.into(),
            reason: Some("injected-fault"),
        });
        if let AbortWith::Grpc(code) = with {
            let headers = response.headers_mut();
            headers.insert(GRPC_STATUS, HeaderValue::from(code));
            headers.insert(GRPC_MESSAGE, HeaderValue::from_static(MESSAGE));
        }
        response
    }
}

/// Whether this request is among them.
pub fn draw(share: PerMillion) -> bool {
    share.covers(fastrand::u32(..PerMillion::ALL.0))
}
