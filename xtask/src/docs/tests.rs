use super::*;

#[test]
fn commands_are_read_from_code_blocks_and_joined_over_lines() {
    let text = "doorward not-in-a-block\n```sh\n$ doorward run \\\n  --state x\ncurl x\n```\n";
    assert_eq!(commands(text), [(3, "doorward run --state x".to_owned())]);
}

#[test]
fn links_are_read_without_anchors_and_without_the_web() {
    let text = "[a](docs/a.md#part) and [b](https://example.test) and [c](#here)";
    assert_eq!(links(text), [(1, "docs/a.md".to_owned())]);
}

#[test]
fn a_command_and_its_flags_must_be_known() {
    let mut help = Help::default();
    let known = |path: &[&str], text: &str| {
        (path.iter().map(|&word| word.to_owned()).collect(), Some(text.to_owned()))
    };
    help.told.extend([known(&["doorward", "run"], "--state <DIR>  -o, --output <FORMAT>")]);
    help.told.insert(vec!["doorward".into(), "walk".into()], None);
    let mut problem = |command| help.problem_with(Path::new("."), command).unwrap();
    assert_eq!(problem("doorward run --state x -o json | grep --color y"), None);
    assert_eq!(
        problem("cargo run --release -- run --stat x").as_deref(),
        Some("doorward run has no --stat")
    );
    assert_eq!(problem("doorward walk").as_deref(), Some("doorward knows no walk"));
}
