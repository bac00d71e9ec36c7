use clap::Parser;

use super::{super::Cli, PkiVerb};
use crate::args::Command;

fn verb(line: &str) -> Result<PkiVerb, String> {
    let words = format!("doorward pki {line}");
    match Cli::try_parse_from(words.split_whitespace()) {
        Ok(Cli { command: Command::Pki { verb } }) => Ok(verb),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_time_that_cannot_be_meant_is_refused_with_one_that_can() {
    for (line, says) in [
        ("plan --validity 50", "write a time like 50y or 90d"),
        ("plan --validity=-1y", "a day or longer"),
        ("plan --validity 0d", "a day or longer"),
        ("plan --validity 5m", "m is minutes"),
        ("plan --validity 10000y", "500y at most"),
        ("plan --max-skew=-5s", "write a time like 60s"),
        ("plan --max-skew soon", "write a time like 60s"),
        ("status --expiring-within=-5d", "a time ahead"),
        ("renew --stop-timeout 0s", "a second or more"),
        ("resume --start-timeout 2d", "write a time like 90s or 5m"),
        ("rollback --start-timeout 48h", "24h or less"),
    ] {
        let error = verb(line).expect_err(line);
        assert!(error.contains(says), "{line}: {error}");
    }
}

#[test]
fn times_are_written_as_people_do() {
    for line in ["plan --validity 50y", "plan --validity 90d", "status --expiring-within 720h"] {
        verb(line).unwrap();
    }
    let PkiVerb::Renew(renew) = verb("renew --stop-timeout 90s --start-timeout 5m").unwrap() else {
        panic!("not renew")
    };
    let seconds = |time: Option<std::time::Duration>| time.unwrap().as_secs();
    assert_eq!(seconds(renew.limits.stop_timeout), 90);
    assert_eq!(seconds(renew.limits.start_timeout), 300);
}
