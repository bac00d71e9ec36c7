//! Which line of a program's log says why it ended.

/// A program in Go that gives up says so and then where each of its threads was, whose last line is
/// the place of a call; every other one ends with its reason.
pub(crate) fn reason(lines: &[String]) -> Option<&str> {
    let said = || lines.iter().map(String::as_str).filter(|line| !line.trim().is_empty());
    let last = said().next_back()?;
    if !last.starts_with('\t') {
        return Some(last);
    }
    let gives_up = |line: &&str| line.starts_with("panic: ") || line.starts_with("fatal error: ");
    let before = || said().take_while(|line| !line.starts_with("goroutine ")).last();
    said().rfind(gives_up).or_else(before).or(Some(last))
}

#[cfg(test)]
mod tests;
