//! The host that a request is for: read once, checked, in lower case, without its port.

use std::net::Ipv6Addr;

use http::{HeaderMap, HeaderValue, Uri, Version, header};

/// A host as rules compare it, and the port the client wrote after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Lower case, without port and final dot; an IPv6 address keeps its brackets.
    pub name: Box<str>,
    pub port: Option<u16>,
}

/// There is no host, more than one, or it is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadHost;

impl Host {
    /// The host of a request: `:authority` or the authority of an absolute target, else the
    /// one `Host` header. HTTP/1.1 wants the header even next to an absolute target, and the
    /// target wins (RFC 9112 section 3.2); in HTTP/2 both must agree (RFC 9113 section 8.3.1).
    pub fn of(uri: &Uri, headers: &HeaderMap, version: Version) -> Result<Self, BadHost> {
        let mut lines = headers.get_all(header::HOST).iter();
        let line = lines.next();
        if lines.next().is_some() {
            return Err(BadHost);
        }
        match (uri.authority(), line) {
            (None, None) => Err(BadHost),
            (None, Some(line)) => Self::parse_value(line),
            (Some(_), None) if version < Version::HTTP_2 => Err(BadHost),
            (Some(authority), None) => Self::parse(authority.as_str()),
            (Some(authority), Some(line)) => {
                let host = Self::parse(authority.as_str())?;
                if version == Version::HTTP_2 && Self::parse_value(line)? != host {
                    return Err(BadHost);
                }
                Ok(host)
            }
        }
    }

    fn parse_value(value: &HeaderValue) -> Result<Self, BadHost> {
        value.to_str().map_err(|_| BadHost).and_then(Self::parse)
    }

    pub fn parse(text: &str) -> Result<Self, BadHost> {
        let (name, port) = split_port(text)?;
        let name = if name.starts_with('[') {
            check_ipv6(name)?;
            name
        } else {
            let name = name.strip_suffix('.').unwrap_or(name);
            check_name(name)?;
            name
        };
        Ok(Self { name: lower(name), port })
    }
}

/// Copies once, whether or not there is something to change.
fn lower(name: &str) -> Box<str> {
    let mut name = Box::<str>::from(name);
    name.make_ascii_lowercase();
    name
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), BadHost> {
    let after_address = text.rfind(']').map_or(0, |end| end + 1);
    match text[after_address..].find(':') {
        None => Ok((text, None)),
        Some(colon) => {
            let (name, port) = text.split_at(after_address + colon);
            // "host:" is allowed by RFC 3986 and means the default port.
            match &port[1..] {
                "" => Ok((name, None)),
                digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                    digits.parse().map(|port| (name, Some(port))).map_err(|_| BadHost)
                }
                _ => Err(BadHost),
            }
        }
    }
}

fn check_name(name: &str) -> Result<(), BadHost> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let good = !name.is_empty()
        && name.len() <= 253
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && name.bytes().all(fits);
    if good { Ok(()) } else { Err(BadHost) }
}

fn check_ipv6(name: &str) -> Result<(), BadHost> {
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).ok_or(BadHost)?;
    address.parse::<Ipv6Addr>().map(drop).map_err(|_| BadHost)
}

#[cfg(test)]
mod tests;
