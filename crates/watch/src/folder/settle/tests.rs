use super::*;

const MS: Duration = Duration::from_millis(1);

fn file(name: &str, event: Event) -> Notice {
    Notice { place: Place::File(name.into()), event }
}

/// Feeds notices at their times, and returns what was taken when.
fn play(notices: &[(u32, Notice)]) -> Vec<(u32, Vec<String>)> {
    let start = Instant::now();
    let mut settle = Settle::default();
    let mut taken = Vec::new();
    let mut take_until = |settle: &mut Settle, end: Option<Instant>| {
        while let Some(due) = settle.due().filter(|due| end.is_none_or(|end| *due < end)) {
            let change = settle.take(due);
            let mut names: Vec<_> =
                change.files.iter().map(|path| path.display().to_string()).collect();
            names.extend(change.all.then(|| "everything".to_owned()));
            names.sort();
            taken.push(((due - start).as_millis() as u32, names));
        }
    };
    for (at, notice) in notices {
        let now = start + MS * *at;
        take_until(&mut settle, Some(now));
        settle.notice(notice.clone(), now);
    }
    take_until(&mut settle, None);
    taken
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn a_burst_is_taken_up_at_once_when_it_is_quiet() {
    let notices = [(0, file("a", Event::Settled)), (10, file("b", Event::Settled))];
    assert_eq!(play(&notices), [(30, names(&["a", "b"]))]);
}

#[test]
fn a_steady_stream_is_taken_up_at_the_ceiling() {
    let notices: Vec<_> = (0..30).map(|i| (i * 15, file("a", Event::Settled))).collect();
    assert_eq!(play(&notices)[0], (200, names(&["a"])));
}

#[test]
fn a_file_being_written_is_read_when_its_writer_closes_it() {
    let notices = [
        (0, file("a", Event::Written)),
        (50, file("b", Event::Settled)),
        (500, file("a", Event::Written)),
        (900, file("a", Event::Settled)),
    ];
    assert_eq!(play(&notices), [(70, names(&["b"])), (920, names(&["a"]))]);
}

#[test]
fn a_writer_that_never_closes_is_waited_for_no_longer_than_three_seconds() {
    assert_eq!(play(&[(0, file("a", Event::Written))]), [(3000, names(&["a"]))]);
}

#[test]
fn a_removal_waits_for_the_replacement() {
    let replaced = [(0, file("a", Event::Removed)), (80, file("a", Event::Settled))];
    assert_eq!(play(&replaced), [(100, names(&["a"]))]);
    assert_eq!(play(&[(0, file("a", Event::Removed))]), [(150, names(&["a"]))]);
}

#[test]
fn many_removals_are_one() {
    let notices = [0, 100, 200].map(|at| (at, file(&format!("a{at}"), Event::Removed)));
    assert_eq!(play(&notices), [(350, names(&["a0", "a100", "a200"]))]);
}

#[test]
fn what_is_in_the_midst_of_a_change_is_busy() {
    let now = Instant::now();
    let mut settle = Settle::default();
    settle.notice(file("a", Event::Written), now);
    settle.notice(file("b", Event::Removed), now);
    settle.notice(Notice { place: Place::Tree("d".into()), event: Event::Settled }, now);
    let change = settle.take(now + SETTLED.0);
    assert!(change.all && change.files.is_empty());
    assert_eq!(change.busy, HashSet::from(["a".into(), "b".into()]));
    assert_eq!(settle.due(), Some(now + REMOVED.0));
    settle.take(now + REMOVED.0);
    assert_eq!(settle.due(), Some(now + WRITER));
}

#[test]
fn nothing_noticed_is_never_due() {
    assert_eq!(Settle::default().due(), None);
}
