//! The variables that redirects and rewrites may use.

use regex::Captures;

/// What `${host}`, `${path}`, `${query}`, `${port}` and `${protocol}` stand for.
#[derive(Clone, Copy, Debug)]
pub struct Variables<'a> {
    pub host: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    /// The port the client used.
    pub port: u16,
    /// `http` or `https`.
    pub protocol: &'a str,
}

/// Puts in the variables and, with `groups`, what `$1` and `${1}` matched. A `$` before anything
/// else stands for itself, and so does an unknown variable.
pub fn expand(template: &str, variables: &Variables<'_>, groups: Option<&Captures<'_>>) -> String {
    let mut text = String::with_capacity(template.len() + variables.path.len());
    let mut rest = template;
    while let Some(dollar) = rest.find('$') {
        let (before, from_dollar) = rest.split_at(dollar);
        text.push_str(before);
        rest = expand_one(from_dollar, variables, groups, &mut text);
    }
    text.push_str(rest);
    text
}

/// Writes what the `$` at the start stands for, and returns what follows it.
fn expand_one<'t>(
    from_dollar: &'t str,
    variables: &Variables<'_>,
    groups: Option<&Captures<'_>>,
    text: &mut String,
) -> &'t str {
    let after = &from_dollar[1..];
    if let Some(braced) = after.strip_prefix('{')
        && let Some((name, rest)) = braced.split_once('}')
        && write_variable(name, variables, groups, text)
    {
        return rest;
    }
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    if groups.is_some() && digits > 0 && write_variable(&after[..digits], variables, groups, text) {
        return &after[digits..];
    }
    text.push('$');
    after
}

fn write_variable(
    name: &str,
    variables: &Variables<'_>,
    groups: Option<&Captures<'_>>,
    text: &mut String,
) -> bool {
    match name {
        "host" => text.push_str(variables.host),
        "path" => text.push_str(variables.path),
        "query" => text.push_str(variables.query),
        "protocol" => text.push_str(variables.protocol),
        "port" => text.push_str(&variables.port.to_string()),
        _ => match (groups, name.parse::<usize>()) {
            // A group that did not take part is empty, as in nginx.
            (Some(groups), Ok(number)) => {
                text.push_str(groups.get(number).map_or("", |group| group.as_str()));
            }
            _ => return false,
        },
    }
    true
}

#[cfg(test)]
mod tests;
