use proptest::prelude::*;

use super::*;

const BASE: Duration = Duration::from_millis(25);

#[test]
fn the_ceiling_about_doubles_up_to_ten_times_the_first() {
    let ceilings = [1, 2, 3, 4, 5, 40].map(|retry| pause(BASE, retry, 1.0).as_millis());
    assert_eq!(ceilings, [25, 75, 175, 250, 250, 250]);
}

proptest! {
    #[test]
    fn a_pause_is_anything_below_its_ceiling(retry: u32, drawn in 0.0..1.0) {
        let pause = pause(BASE, retry, drawn);
        prop_assert!(pause <= BASE * CEILING);
        prop_assert!((pause.as_secs_f64() > 0.0) == (drawn > 1e-6 && retry > 0) || drawn < 1e-6);
    }
}
