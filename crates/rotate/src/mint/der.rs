//! The few shapes of DER (X.690) that a certificate is written in.

use jiff::{Timestamp, tz::TimeZone};

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

pub(super) fn set(parts: &[&[u8]]) -> Vec<u8> {
    tagged(0x31, &parts.concat())
}

/// Of bytes that are positive and as short as can be.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    tagged(0x02, bytes)
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    tagged(0x04, bytes)
}

/// Whole bytes of bits.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    tagged(0x03, &[&[0], bytes].concat())
}

pub(super) fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    tagged(0xa0 | number, content)
}

/// Two digits of the year up to 2049, four from then on (RFC 5280 section 4.1.2.5).
pub(super) fn date(when: Timestamp) -> Vec<u8> {
    let text = when.strftime("%Y%m%d%H%M%SZ").to_string();
    match when.to_zoned(TimeZone::UTC).year() {
        1950..=2049 => tagged(0x17, &text.as_bytes()[2..]),
        _ => tagged(0x18, text.as_bytes()),
    }
}

pub(super) fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
            // A usize has at most eight bytes.
            out.push(0x80 | (bytes.len() - zeros) as u8);
            out.extend_from_slice(&bytes[zeros..]);
        }
    }
    out.extend_from_slice(content);
    out
}
