//! What a server asks of clients' certificates, beyond the CA.
//!
//! A check that cannot be read refuses its server: it must not read as no check.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::{ClientDemand, Reason};

use super::tls::Credential;
use crate::dialect::{Fields, Problems};

#[derive(Debug)]
pub(crate) struct ClientCheck {
    pub demand: ClientDemand,
    /// Where the CA is not that of the server's credentials.
    pub ca: Option<Credential>,
    pub checks: Checks,
}

/// As in [`model::ClientAuth`].
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Checks {
    pub names: Vec<Box<str>>,
    pub key_pins: Vec<[u8; 32]>,
    pub certificate_pins: Vec<[u8; 32]>,
    pub is_lenient: bool,
}

impl Checks {
    pub(super) fn read(tls: &mut Fields<'_>, problems: &mut Problems) -> Self {
        let names = tls.texts("subjectAltNames", problems);
        Self {
            names: names.into_iter().map(Box::from).collect(),
            key_pins: pins(tls, "verifyCertificateSpki", key_pin, problems),
            certificate_pins: pins(tls, "verifyCertificateHash", certificate_pin, problems),
            is_lenient: tls.boolean("insecureSkipVerify", problems).unwrap_or(false),
        }
    }
}

fn pins(
    tls: &mut Fields<'_>,
    key: &'static str,
    parse: fn(&str) -> Result<[u8; 32], &'static str>,
    problems: &mut Problems,
) -> Vec<[u8; 32]> {
    let path = tls.path_of(key);
    let written = tls.texts(key, problems);
    let mut pins = Vec::with_capacity(written.len());
    for (index, text) in written.into_iter().enumerate() {
        match parse(text) {
            Ok(pin) => pins.push(pin),
            Err(problem) => {
                let text = format!("{text:?} cannot be used: {problem}");
                problems.reject(Reason::InvalidField, format!("{path}[{index}]"), text);
            }
        }
    }
    pins
}

fn key_pin(text: &str) -> Result<[u8; 32], &'static str> {
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or("write the base64 of the key's SHA-256, 44 characters")
}

/// Hexadecimal, with or without colons.
fn certificate_pin(text: &str) -> Result<[u8; 32], &'static str> {
    const CURE: &str = "write the certificate's SHA-256 in hexadecimal, 64 digits";
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    let mut pin = [0; 32];
    if digits.len() != 2 * pin.len() {
        return Err(CURE);
    }
    for (byte, pair) in pin.iter_mut().zip(digits.chunks(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16).ok_or(CURE);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).map_err(|_| CURE)?;
    }
    Ok(pin)
}
