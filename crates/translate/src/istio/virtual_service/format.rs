//! Header values in Envoy's format: text, `%%` for a percent sign, and `%COMMAND(ARGUMENT)%`.
//!
//! Commands stand for facts of the request. The few that Doorward knows must be the whole value.

use http::HeaderName;
use model::HeaderSource;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Literal(String),
    Known(HeaderSource),
    /// Sound, but asks for what Doorward cannot say.
    Unknown,
}

/// A `%` without its second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unbalanced;

pub(super) fn parse(text: &str) -> Result<Format, Unbalanced> {
    let mut literal = String::new();
    let mut commands = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        literal.push_str(before);
        let (command, after) = after.split_once('%').ok_or(Unbalanced)?;
        match command {
            "" => literal.push('%'),
            command => commands.push(command),
        }
        rest = after;
    }
    literal.push_str(rest);
    Ok(match commands.as_slice() {
        [] => Format::Literal(literal),
        [command] if literal.is_empty() => known(command).map_or(Format::Unknown, Format::Known),
        _ => Format::Unknown,
    })
}

fn known(command: &str) -> Option<HeaderSource> {
    Some(match command {
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT"
        | "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT" => HeaderSource::ClientAddress,
        "DOWNSTREAM_REMOTE_PORT" | "DOWNSTREAM_DIRECT_REMOTE_PORT" => HeaderSource::ClientPort,
        "DOWNSTREAM_LOCAL_PORT" => HeaderSource::ListenerPort,
        _ => {
            let name = command.strip_prefix("REQ(")?.strip_suffix(')')?;
            HeaderSource::Header(HeaderName::from_bytes(name.as_bytes()).ok()?)
        }
    })
}

pub(super) fn unknown(text: &str) -> String {
    format!(
        "the value {text:?} cannot be made here and the header is left out: write plain text, or one of %REQ(NAME)%, %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%, %DOWNSTREAM_REMOTE_PORT% and %DOWNSTREAM_LOCAL_PORT% alone"
    )
}

pub(super) fn unbalanced(text: &str) -> String {
    format!("{text:?} has a single %, which begins a command: write %% for a percent sign")
}

#[cfg(test)]
mod tests;
