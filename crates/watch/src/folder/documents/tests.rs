use proptest::prelude::*;

use super::*;

fn cut(text: &str) -> Vec<(u32, u32, String)> {
    let mut documents = Documents::new(text.as_bytes());
    let mut found = Vec::new();
    while let Some(document) = documents.next().unwrap() {
        let text = String::from_utf8(document.text.unwrap()).unwrap();
        found.push((document.start, document.line, text));
    }
    found
}

#[test]
fn documents_know_where_they_begin() {
    assert_eq!(
        cut("# head\n\na: 1\n---\nb: 2\nc: 3\n--- {d: 4}\n"),
        [
            (1, 3, "# head\n\na: 1\n".into()),
            (4, 5, "---\nb: 2\nc: 3\n".into()),
            (7, 7, "--- {d: 4}\n".into()),
        ]
    );
}

#[test]
fn what_holds_only_comments_is_no_document() {
    assert_eq!(cut(""), []);
    assert_eq!(cut("# a\n---\n---\n\n# b\n--- # c\n...\n"), []);
    assert_eq!(cut("%YAML 1.2\n---\na: 1\n"), [(2, 3, "---\na: 1\n".into())]);
    assert_eq!(cut("a: 1\n...\n%YAML 1.2\n---\nb: 2\n").len(), 2);
}

#[test]
fn only_a_marker_at_the_line_start_cuts() {
    assert_eq!(cut("a: |\n  ---\n  ----\nb: '--- '\n----: c\n").len(), 1);
    assert_eq!(cut("\u{feff}---\r\na: 1\r\n---\r\nb: 2").len(), 2);
}

#[test]
fn a_document_beyond_the_limit_is_passed_over_and_the_next_is_read() {
    let large = "x".repeat(1 << 20) + "\n";
    let text = "a: |\n".to_owned() + &large.repeat(65) + "---\nb: 2\n";
    let mut documents = Documents::new(text.as_bytes());
    let first = documents.next().unwrap().unwrap();
    assert_eq!((first.line, first.text), (1, None));
    let second = documents.next().unwrap().unwrap();
    assert_eq!((second.start, second.text.unwrap().len()), (67, 9));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the lines are, nothing that says something is lost, and starts are true.
    #[test]
    fn no_line_is_lost(lines in prop::collection::vec("(---|\\.\\.\\.|a: 1|  b| |#c|%d|---x|--- e)", 0..12)) {
        let text = lines.join("\n");
        let found = cut(&text);
        for (start, line, part) in &found {
            let first = part.lines().next().unwrap();
            prop_assert_eq!(lines[*start as usize - 1].as_str(), first);
            prop_assert!(line >= start);
        }
        let kept: usize = found.iter().map(|(.., part)| part.matches("a: 1").count()).sum();
        prop_assert_eq!(kept, text.matches("a: 1").count());
    }
}
