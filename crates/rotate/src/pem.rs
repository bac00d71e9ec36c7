//! PEM blocks with their places in a file, so that one can be replaced and the rest stays as it
//! is: comments, foreign certificates, line ends.

use std::ops::Range;

use rustls_pki_types::{
    CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer, pem::PemObject as _,
};

use crate::{certificate::Certificate, key::PrivateKey};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// One block: `range` reaches from the first dash to the last, without the line's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub label: String,
    pub range: Range<usize>,
}

impl Block {
    pub fn is_certificate(&self) -> bool {
        self.label == "CERTIFICATE"
    }

    pub fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

/// All whole blocks of a text, in order. What has no end is no block.
pub fn blocks(text: &[u8]) -> Vec<Block> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = find(text, BEGIN, from) {
        from = start + BEGIN.len();
        let Some(label_end) = find(text, DASHES, from) else { break };
        let label = &text[from..label_end];
        if label.contains(&b'\n') {
            continue;
        }
        let tail = [END, label, DASHES].concat();
        let Some(end) = find(text, &tail, label_end) else { continue };
        let label = String::from_utf8_lossy(label).into_owned();
        from = end + tail.len();
        found.push(Block { label, range: start..from });
    }
    found
}

fn find(text: &[u8], what: &[u8], from: usize) -> Option<usize> {
    text[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
}

/// The certificates of a text in order; those that cannot be read are left out.
pub fn certificates(text: &[u8]) -> Vec<Certificate> {
    blocks(text)
        .iter()
        .filter(|block| block.is_certificate())
        .filter_map(|block| certificate(text, block))
        .collect()
}

/// The certificate of one block, where it can be read.
pub fn certificate(text: &[u8], block: &Block) -> Option<Certificate> {
    let der = CertificateDer::from_pem_slice(&text[block.range.clone()]).ok()?;
    Certificate::read(&der).ok()
}

/// The private keys of a text in order; those that cannot be used are left out.
pub fn private_keys(text: &[u8]) -> Vec<PrivateKey> {
    blocks(text)
        .iter()
        .filter(|block| block.is_private_key())
        .filter_map(|block| private_key(text, block))
        .collect()
}

/// The private key of one block, where it can be used.
pub fn private_key(text: &[u8], block: &Block) -> Option<PrivateKey> {
    let der = PrivateKeyDer::from_pem_slice(&text[block.range.clone()]).ok()?;
    PrivateKey::of(der).ok()
}

/// Whether the text holds the certificate's key: its private half, or the public one alone.
pub fn holds_key_of(text: &[u8], certificate: &Certificate) -> bool {
    private_keys(text).iter().any(|key| key.is_key_of(certificate))
        || blocks(text).iter().filter(|block| block.label == "PUBLIC KEY").any(|block| {
            let info = SubjectPublicKeyInfoDer::from_pem_slice(&text[block.range.clone()]);
            // The bits of the key are the last thing in its info (RFC 5280 section 4.1).
            info.is_ok_and(|info| info.ends_with(&certificate.public_key))
        })
}

#[cfg(test)]
mod tests;
