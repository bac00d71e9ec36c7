//! The syntax of systemd's files: words with quotes and escapes (systemd.syntax(7)), command lines
//! (systemd.service(5)), files of variables (systemd.exec(5)), and units with their drop-ins.
//! Specifiers (`%i`) stay as they are.

use std::collections::BTreeMap;

/// Words, parted by blanks that neither quotes nor a backslash hold.
pub(super) fn words(line: &str) -> Vec<String> {
    let (mut all, mut rest) = (Vec::new(), line.trim_start());
    while let Some((word, after)) = next_word(rest) {
        all.push(word);
        rest = after;
    }
    all
}

/// `None` at the end. What follows comes without the blanks before it.
fn next_word(text: &str) -> Option<(String, &str)> {
    if text.is_empty() {
        return None;
    }
    let (mut word, mut quote) = (String::new(), None);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        rest = match (letter, quote) {
            ('\\', _) => unescaped(after, &mut word),
            ('"' | '\'', None) => {
                quote = Some(letter);
                after
            }
            (_, Some(open)) if letter == open => {
                quote = None;
                after
            }
            (_, None) if letter.is_whitespace() => break,
            _ => {
                word.push(letter);
                after
            }
        };
    }
    Some((word, rest.trim_start()))
}

/// What a backslash stands for together with the start of `text`, and what comes behind. What it
/// does not know it leaves as it is, as systemd does.
fn unescaped<'t>(text: &'t str, word: &mut String) -> &'t str {
    let Some(letter) = text.chars().next() else {
        word.push('\\');
        return text;
    };
    let after = &text[letter.len_utf8()..];
    let code = |start: usize, length: usize, radix: u32| {
        let digits = text.get(start..start + length)?;
        let code = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
        Some((code, &text[start + length..]))
    };
    let named = match letter {
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        's' => Some(' '),
        // The last two come only from what is shown, not from files.
        '\\' | '"' | '\'' | ';' | '$' | '`' => Some(letter),
        _ => None,
    };
    let found = match letter {
        _ if named.is_some() => named.map(|named| (named, after)),
        'x' => code(1, 2, 16),
        'u' => code(1, 4, 16),
        'U' => code(1, 8, 16),
        '0'..='7' => code(0, 3, 8),
        _ => None,
    };
    match found {
        Some((found, after)) => {
            word.push(found);
            after
        }
        None => {
            word.extend(['\\', letter]);
            after
        }
    }
}

/// The first command of a value of `ExecStart=`, without the marks in front of its program.
pub(super) fn command(value: &str) -> Vec<String> {
    let (mut command, mut rest) = (Vec::new(), value.trim_start());
    while let Some((word, after)) = next_word(rest) {
        // One that is quoted or escaped is a word like any other.
        if word == ";" && rest.starts_with(';') {
            break;
        }
        command.push(word);
        rest = after;
    }
    let Some(program) = command.first_mut() else { return command };
    let marks = program.len() - program.trim_start_matches(['@', '-', ':', '+', '!', '|']).len();
    let names_itself = program[..marks].contains('@');
    program.drain(..marks);
    // Behind `@`, the next word is what the program is called.
    if names_itself && command.len() > 1 {
        command.remove(0);
    }
    command
}

/// The command with variables filled in: `${NAME}` wherever it stands, and `$NAME`, where it is a
/// word, as the words of its value. `$$` is a dollar.
pub(super) fn filled(command: Vec<String>, environment: &BTreeMap<String, String>) -> Vec<String> {
    let value = |name: &str| environment.get(name).map_or("", String::as_str);
    let fill = |word: String| match word.strip_prefix('$') {
        Some(name) if is_name(name) => words(value(name)),
        _ => {
            let (mut out, mut rest) = (String::new(), word.as_str());
            while let Some((before, after)) = rest.split_once('$') {
                out.push_str(before);
                let named = after.strip_prefix('{').and_then(|name| name.split_once('}'));
                rest = match (after.strip_prefix('$'), named) {
                    (Some(behind), _) => {
                        out.push('$');
                        behind
                    }
                    (None, Some((name, behind))) => {
                        out.push_str(value(name));
                        behind
                    }
                    (None, None) => {
                        out.push('$');
                        after
                    }
                };
            }
            out.push_str(rest);
            vec![out]
        }
    };
    command.into_iter().flat_map(fill).collect()
}

fn is_name(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.starts_with(|first: char| !first.is_ascii_digit()) && text.chars().all(is_letter)
}

/// `NAME=VALUE`; what is none is passed over.
pub(super) fn variable(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    is_name(name).then(|| (name.to_owned(), value.to_owned()))
}

/// A file of variables, by the rules of a shell as far as systemd follows them.
pub(super) fn variables(text: &str) -> BTreeMap<String, String> {
    let (mut found, mut rest) = (BTreeMap::new(), text);
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return found };
        let line = rest.split('\n').next().unwrap_or_default();
        match line.split_once('=') {
            Some((name, _)) if !matches!(first, '#' | ';') => {
                let (value, after) = value(&rest[name.len() + 1..]);
                let name = name.trim_end();
                if is_name(name) {
                    found.insert(name.to_owned(), value);
                }
                rest = after;
            }
            _ => rest = &rest[line.len()..],
        }
    }
}

/// Up to the end of its line; quotes and backslashes hold more.
fn value(text: &str) -> (String, &str) {
    let text = text.trim_start_matches([' ', '\t']);
    let (mut value, mut quote, mut solid) = (String::new(), None, 0);
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (letter, quote) {
            ('\n', None) => {
                value.truncate(solid);
                return (value, &text[at..]);
            }
            (_, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) => quote = Some(letter),
            ('\\', None | Some('"')) => match (letters.next(), quote) {
                (Some((_, '\n')) | None, _) => {}
                (Some((_, next)), Some(_)) if !"\"\\`$".contains(next) => {
                    value.extend(['\\', next])
                }
                (Some((_, next)), _) => value.push(next),
            },
            (_, None) if letter.is_whitespace() => {
                value.push(letter);
                continue;
            }
            _ => value.push(letter),
        }
        // Blanks at the end count only in quotes.
        solid = value.len();
    }
    value.truncate(solid);
    (value, "")
}

/// What a setting of `[Service]` says in a unit's file and its drop-ins, in their order: an empty
/// value takes back all before it.
pub(super) fn settings<'t>(texts: impl Iterator<Item = &'t str>, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts {
        let mut section = String::new();
        for line in lines(text) {
            if line.starts_with('[') {
                section = line;
                continue;
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            if section != "[Service]" || key.trim_end() != name {
                continue;
            }
            match value.trim() {
                "" => found.clear(),
                value => found.push(value.to_owned()),
            }
        }
    }
    found
}

/// Without comments; those that end in a backslash go on in the next.
fn lines(text: &str) -> Vec<String> {
    let (mut all, mut open) = (Vec::new(), String::new());
    for line in text.lines() {
        if line.trim_start().starts_with(['#', ';']) {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => open = open + part + " ",
            None => {
                let line = std::mem::take(&mut open) + line;
                all.extend(Some(line.trim().to_owned()).filter(|line| !line.is_empty()));
            }
        }
    }
    all.extend(Some(open.trim().to_owned()).filter(|line| !line.is_empty()));
    all
}

#[cfg(test)]
mod tests;
