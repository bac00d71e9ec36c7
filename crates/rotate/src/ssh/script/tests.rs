use std::{io::Write, process::Stdio};

use super::*;

const MARK: &str = "0123456789abcdef";

/// What a shell of this machine says to the script, in the middle of noise.
fn said(script: &Script, shell: &str) -> Result<Answer, NoAnswer> {
    let mut child = std::process::Command::new(shell)
        .arg("-s")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = script.text(MARK);
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let mut output = b"Last login: today\nproblem none\n".to_vec();
    output.extend(child.wait_with_output().unwrap().stdout);
    output.extend(b"logout\n");
    Answer::read(&output, MARK)
}

#[test]
fn values_arrive_as_they_are() {
    let script =
        Script::new("printf 'value =%s\\n' \"$(encode \"$value\")\"\nprintf 'count %s\\n' $#\n");
    for value in ["", "plain", "it's", "$HOME `id` \\ \"x\"", "two\nlines", "'\\''"] {
        let script = script.clone().set("value", value).over([Path::new("a b"), Path::new("c")]);
        let answer = said(&script, "sh").unwrap();
        assert_eq!(answer.line("value").and_then(|line| line.text(0)).as_deref(), Some(value));
        assert_eq!(answer.line("count").and_then(|line| line.number(0)), Some(2));
    }
}

#[test]
fn a_script_that_arrives_half_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("touched");
    let text = Script::new(": >\"$path\"\n").path("path", &path).text(MARK);
    let cut = text.find("}\nprintf").unwrap();
    for end in [cut, text.len()] {
        let mut shell =
            std::process::Command::new("sh").arg("-s").stdin(Stdio::piped()).spawn().unwrap();
        shell.stdin.take().unwrap().write_all(&text.as_bytes()[..end]).unwrap();
        shell.wait().unwrap();
        assert_eq!(path.exists(), end == text.len());
    }
}

#[test]
fn a_problem_is_the_scripts_own_word() {
    let script = Script::new("problem \"no such\nthing\"\nprintf 'never\\n'\n");
    assert_eq!(said(&script, "sh"), Err(NoAnswer::Problem("no such thing".to_owned())));
}

#[test]
fn what_did_not_run_or_end_is_no_answer() {
    let not_run = Answer::read(b"\nThis account is closed.\n", MARK);
    assert_eq!(not_run, Err(NoAnswer::NotRun("This account is closed.".to_owned())));
    let begun = format!("{MARK} begin\nline\n");
    assert_eq!(Answer::read(begun.as_bytes(), MARK), Err(NoAnswer::CutOff));
    let torn = format!("{MARK} begin\nline\n\n{MARK} end ");
    assert_eq!(Answer::read(torn.as_bytes(), MARK), Err(NoAnswer::CutOff));
    let failed = Script::new("exit 3\n");
    assert_eq!(said(&failed, "sh"), Err(NoAnswer::Failed(3)));
}

#[test]
fn an_answer_does_not_show_what_it_holds() {
    let answer = said(&Script::new("printf 'holds =%s\\n' c2VjcmV0\n"), "sh").unwrap();
    assert_eq!(answer.line("holds").and_then(|line| line.text(0)).as_deref(), Some("secret"));
    assert!(!format!("{answer:?}").contains("c2VjcmV0"));
}
