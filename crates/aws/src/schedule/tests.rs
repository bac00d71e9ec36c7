use super::*;

fn pauses(of: fn(u32) -> Duration, looks: u32) -> Vec<u64> {
    (0..looks).map(|look| of(look).as_secs()).collect()
}

#[test]
fn records_are_looked_for_soon_and_then_every_ten_seconds() {
    assert_eq!(pauses(records, 7), [1, 2, 3, 5, 8, 10, 10]);
    let visible: u64 = pauses(records, LOOKS_UNTIL_VISIBLE).iter().sum();
    assert!((55..65).contains(&visible), "{visible}");
}

#[test]
fn validation_is_looked_at_less_often_the_longer_it_takes() {
    let pauses = pauses(validation, 100);
    let after = |seconds: u64| {
        let mut past = 0;
        *pauses
            .iter()
            .find(|&&pause| {
                past += pause;
                past > seconds
            })
            .unwrap()
    };
    assert_eq!(
        [after(0), after(29), after(30), after(149), after(150), after(599), after(600)],
        [5, 5, 15, 15, 30, 30, 60]
    );
    assert_eq!([after(3599), after(3600)], [60, 300]);
    assert_eq!(validation(u32::MAX), Duration::from_secs(300));
}

#[test]
fn a_private_ca_is_asked_at_once_and_then_with_patience() {
    assert_eq!(pauses(private, 6), [1, 2, 4, 8, 5, 5]);
}
