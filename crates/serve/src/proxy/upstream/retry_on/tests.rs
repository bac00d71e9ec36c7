use super::*;

fn answered(status: u16) -> Trial {
    Trial::Answered(StatusCode::from_u16(status).unwrap(), None)
}

const ALL: [Trial; 5] = [
    Trial::NotConnected,
    Trial::Refused,
    Trial::NoAnswer,
    Trial::ClientFailed,
    Trial::Answered(StatusCode::OK, None),
];

/// Which of `ALL` a condition takes.
fn taken(on: &RetryOn) -> [bool; 5] {
    ALL.map(|trial| trial.is_worth_another(on))
}

#[test]
fn a_condition_takes_what_its_name_says() {
    let none = RetryOn::default();
    assert_eq!(taken(&none), [false; 5]);
    let on = RetryOn { connect_failure: true, ..none.clone() };
    assert_eq!(taken(&on), [true, false, false, false, false]);
    let on = RetryOn { refused_stream: true, ..none.clone() };
    assert_eq!(taken(&on), [false, true, false, false, false]);
    for on in [
        RetryOn { reset: true, ..none.clone() },
        RetryOn { server_error: true, ..none.clone() },
        RetryOn { gateway_error: true, ..none.clone() },
    ] {
        assert_eq!(taken(&on), [true, true, true, false, false]);
    }
}

#[test]
fn answers_are_taken_by_their_status() {
    let none = RetryOn::default();
    let statuses = [404, 409, 500, 502, 503, 504, 505];
    let taken = |on: RetryOn| statuses.map(|status| answered(status).is_worth_another(&on));
    let (yes, no) = (true, false);
    assert_eq!(taken(none.clone()), [no; 7]);
    let on = RetryOn { server_error: true, ..none.clone() };
    assert_eq!(taken(on), [no, no, yes, yes, yes, yes, yes]);
    let on = RetryOn { gateway_error: true, ..none.clone() };
    assert_eq!(taken(on), [no, no, no, yes, yes, yes, no]);
    let on = RetryOn { conflict: true, ..none.clone() };
    assert_eq!(taken(on), [no, yes, no, no, no, no, no]);
    let on = RetryOn { statuses: vec![StatusCode::NOT_FOUND], ..none };
    assert_eq!(taken(on), [yes, no, no, no, no, no, no]);
}

#[test]
fn a_grpc_status_counts_in_the_head_of_an_answer() {
    let on = RetryOn { grpc: vec![14, 1], ..RetryOn::default() };
    let of = |code: &'static str| {
        let code = http::HeaderValue::from_static(code);
        let headers = HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), code)]);
        Trial::answered(StatusCode::OK, &headers).is_worth_another(&on)
    };
    assert!(of("14") && of("1"));
    assert!(!of("0") && !of("") && !of("fourteen"));
    assert!(!answered(200).is_worth_another(&on));
}
