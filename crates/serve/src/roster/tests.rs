use std::task::{Wake, Waker};

use super::*;

const LONG: Duration = Duration::from_secs(60);
const IDLE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(2);

fn roster(limit: usize) -> Arc<Roster> {
    Roster::new(Arc::new(Census::new(limit)), Duration::from_secs(5))
}

/// Lets the clock run and the watchdog look, as often as it would.
async fn pass(roster: &Roster, time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        tokio::time::advance(TICK).await;
        roster.sweep();
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_takes_too_long_is_cut() {
    let roster = roster(1);
    let pulse = roster.enter(IDLE).unwrap();
    pass(&roster, IDLE).await;
    assert_eq!(pulse.order(), Order::Serve, "not before its time");
    pass(&roster, 2 * TICK).await;
    assert_eq!(pulse.order(), Order::Cut);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_parks_then_finishes_then_is_cut() {
    let roster = roster(1);
    let pulse = roster.enter(LONG).unwrap();
    pulse.begin_http1(IDLE);
    pulse.request_began();
    pulse.request_ended(IDLE);
    pass(&roster, PARK_AFTER + 2 * TICK).await;
    assert_eq!(pulse.order(), Order::Park);
    assert!(pulse.take_park());
    assert_eq!(pulse.order(), Order::Serve);
    pass(&roster, IDLE).await;
    assert_eq!(pulse.order(), Order::Finish);
    pass(&roster, FINISH_GRACE + 2 * TICK).await;
    assert_eq!(pulse.order(), Order::Cut);
}

#[tokio::test(start_paused = true)]
async fn a_request_in_flight_has_all_the_time_it_needs() {
    let roster = roster(1);
    for begin in [Pulse::begin_http1, Pulse::begin_http2] {
        let pulse = roster.enter(LONG).unwrap();
        begin(&pulse, IDLE);
        pulse.request_began();
        pass(&roster, 3 * IDLE).await;
        assert_eq!(pulse.order(), Order::Serve);
        pulse.request_ended(IDLE);
        pass(&roster, IDLE + 2 * TICK).await;
        assert_eq!(pulse.order(), Order::Finish);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_head_that_began_must_end_and_cannot_park() {
    let roster = roster(1);
    let pulse = roster.enter(LONG).unwrap();
    pulse.begin_http1(IDLE);
    pulse.bytes_came(HEAD);
    pass(&roster, HEAD - TICK).await;
    // More bytes do not win more time.
    pulse.bytes_came(HEAD);
    assert!(!pulse.take_park());
    assert_eq!(pulse.order(), Order::Serve);
    pass(&roster, 3 * TICK).await;
    assert_eq!(pulse.order(), Order::Cut);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_before_the_order_to_park_is_taken_up_wins() {
    let roster = roster(1);
    let pulse = roster.enter(LONG).unwrap();
    pulse.begin_http1(IDLE);
    pulse.request_began();
    pulse.request_ended(IDLE);
    pass(&roster, PARK_AFTER + 2 * TICK).await;
    assert_eq!(pulse.order(), Order::Park);
    pulse.request_began();
    assert!(!pulse.take_park());
    assert_eq!(pulse.order(), Order::Serve, "the order is settled all the same");
}

#[tokio::test(start_paused = true)]
async fn bytes_on_http2_do_not_keep_an_unused_connection() {
    let roster = roster(1);
    let pulse = roster.enter(LONG).unwrap();
    pulse.begin_http2(IDLE);
    for _ in 0..12 {
        pulse.bytes_came(HEAD);
        pass(&roster, Duration::from_secs(1)).await;
    }
    assert_eq!(pulse.order(), Order::Finish);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_bytes_is_cut_even_with_a_request_in_flight() {
    let roster = roster(1);
    let pulse = roster.enter(LONG).unwrap();
    pulse.begin_http1(IDLE);
    pulse.request_began();
    pulse.write_blocked();
    pass(&roster, Duration::from_secs(4)).await;
    pulse.write_went_on();
    pulse.write_blocked();
    pass(&roster, Duration::from_secs(4)).await;
    assert_eq!(pulse.order(), Order::Serve, "it took some in between");
    pass(&roster, Duration::from_secs(2)).await;
    assert_eq!(pulse.order(), Order::Cut);
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_ends_only_by_a_cut() {
    let roster = roster(1);
    let pulse = roster.enter(LONG).unwrap();
    pulse.begin_http1(IDLE);
    pulse.request_began();
    pulse.tunnel();
    pulse.request_ended(IDLE);
    pass(&roster, 10 * IDLE).await;
    assert_eq!(pulse.order(), Order::Serve);
    roster.cut_all();
    assert_eq!(pulse.order(), Order::Cut);
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_passed_on_may_pause_for_so_long_and_no_longer() {
    let roster = roster(1);
    let pulse = roster.enter(LONG).unwrap();
    pulse.begin_piped(IDLE);
    for _ in 0..10 {
        pass(&roster, IDLE - TICK).await;
        pulse.bytes_passed(IDLE);
        // Its reader takes nothing for the moment, which is between the two of them.
        pulse.write_blocked();
    }
    assert_eq!(pulse.order(), Order::Serve);
    pass(&roster, IDLE + 2 * TICK).await;
    assert_eq!(pulse.order(), Order::Cut);
}

#[tokio::test(start_paused = true)]
async fn only_those_let_in_by_what_is_over_are_ended_and_tunnels_within_the_limit() {
    let roster = roster(3);
    let [tunnel, request, other] = [1, 1, 2].map(|admission| {
        let pulse = roster.enter(LONG).unwrap();
        pulse.admit(Admission(admission));
        pulse
    });
    tunnel.begin_piped(IDLE);
    other.begin_piped(IDLE);
    request.begin_http1(IDLE);
    request.request_began();
    roster.finish_admitted_by(&[Admission(1)], 2 * IDLE);
    let orders = || [tunnel.order(), request.order(), other.order()];
    assert_eq!(orders(), [Order::Finish, Order::Finish, Order::Serve]);
    for _ in 0..3 {
        tunnel.bytes_passed(IDLE);
        other.bytes_passed(IDLE);
        pass(&roster, IDLE - TICK).await;
    }
    assert_eq!(orders(), [Order::Cut, Order::Finish, Order::Serve], "whatever passes through it");
}

#[tokio::test(start_paused = true)]
async fn draining_leaves_an_unused_connection_a_moment_for_its_first_request() {
    let roster = roster(2);
    let (unused, used) = (roster.enter(LONG).unwrap(), roster.enter(LONG).unwrap());
    for pulse in [&unused, &used] {
        pulse.begin_http1(IDLE);
    }
    used.request_began();
    roster.finish_all();
    assert_eq!((unused.order(), used.order()), (Order::Finish, Order::Finish));
    pass(&roster, FIRST_REQUEST_GRACE + 2 * TICK).await;
    assert_eq!((unused.order(), used.order()), (Order::Cut, Order::Finish));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_ends_while_draining_leaves_the_same_moment() {
    let roster = roster(1);
    let pulse = roster.enter(LONG).unwrap();
    roster.finish_all();
    pulse.begin_http1(IDLE);
    pass(&roster, FIRST_REQUEST_GRACE + 2 * TICK).await;
    assert_eq!(pulse.order(), Order::Cut);
}

#[tokio::test]
async fn one_connection_too_many_does_not_get_in_until_another_leaves() {
    let roster = roster(1);
    let first = roster.enter(LONG).unwrap();
    assert!(roster.enter(LONG).is_none());
    drop(first);
    assert_eq!(roster.live(), 0);
    assert!(roster.enter(LONG).is_some());
}

#[tokio::test]
async fn emptied_waits_for_the_last_connection() {
    let roster = roster(2);
    let (one, other) = (roster.enter(LONG).unwrap(), roster.enter(LONG).unwrap());
    let emptied = tokio::spawn({
        let roster = roster.clone();
        async move { roster.emptied().await }
    });
    drop(one);
    tokio::task::yield_now().await;
    assert!(!emptied.is_finished());
    drop(other);
    emptied.await.unwrap();
}

#[tokio::test]
async fn an_order_wakes_whoever_listens() {
    struct Woken(AtomicUsize);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    let roster = roster(1);
    let pulse = roster.enter(LONG).unwrap();
    let woken = Arc::new(Woken(AtomicUsize::new(0)));
    pulse.listen(&Waker::from(woken.clone()));
    pulse.finish();
    pulse.finish();
    assert_eq!(woken.0.load(Relaxed), 1, "the same order twice is one order");
}
