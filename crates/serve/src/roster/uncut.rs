//! Work that an order to cut the connection breaks off.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

use super::{Order, Pulse};

/// The output of `future`, or `None` when the connection is to be cut before.
pub async fn uncut<F: Future>(pulse: &Pulse, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Poll::Ready(output) = Pin::as_mut(&mut future).poll(cx) {
            return Poll::Ready(Some(output));
        }
        pulse.listen(cx.waker());
        match pulse.order() {
            Order::Cut => Poll::Ready(None),
            _ => Poll::Pending,
        }
    })
    .await
}
