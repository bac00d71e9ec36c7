use super::*;

#[test]
fn durations_are_read_as_go_reads_them() {
    for (text, milliseconds) in [
        ("0", 0),
        ("0s", 0),
        ("250ms", 250),
        ("1.5s", 1_500),
        (".5s", 500),
        ("1h30m", 5_400_000),
        ("1m0.25s", 60_250),
        ("1000us", 1),
    ] {
        assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
    }
    for text in ["", "5", "s", "-1s", "1 s", "1d", "1..5s", ".s", "99999999999h"] {
        assert_eq!(parse(text), None, "{text}");
    }
}
