//! What makes two statements the same one: a number that is equal on every replica and after a
//! restart, since it is a part of the Event's name.

/// FNV-1a with 64 bits (RFC 9923): no secret and no version in it, so that it stays what it is.
#[derive(Clone, Copy, Debug)]
pub struct Key(u64);

impl Key {
    pub fn new(uid: &str) -> Self {
        Self(0xcbf2_9ce4_8422_2325).and(uid)
    }

    #[must_use]
    pub fn and(self, part: &str) -> Self {
        // A byte that no text holds keeps the parts apart.
        let bytes = part.bytes().chain([0xff]);
        Self(bytes.fold(self.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    pub fn finish(self) -> u64 {
        self.0
    }
}

const HEX: usize = 16;

/// `web.00d1e6cf1b9a3f52`: the object's name, then the key, as a DNS subdomain of at most 253
/// characters.
pub fn name(object: &str, key: u64) -> String {
    const MOST: usize = 253 - HEX - 1;
    let end = object.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MOST);
    let cut = end.last().map_or("", |end| &object[..end]);
    format!("{}.{key:016x}", cut.trim_end_matches(['.', '-']))
}

/// The key in the name of an Event that [`name`] made.
pub fn of_name(name: &str) -> Option<u64> {
    let (_, hex) = name.rsplit_once('.')?;
    u64::from_str_radix(hex, 16).ok().filter(|_| hex.len() == HEX)
}
