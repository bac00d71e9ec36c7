//! What an authority says of its certificates later: revocation lists and OCSP responses.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, PublicKeyData, RevokedCertParams, SerialNumber,
    SigningKey, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use super::{DAY, Issued, TestCa, next_serial, until};

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
/// `AlgorithmIdentifier` of SHA-1 and of ECDSA with SHA-256; `TestCa` has P-256 keys.
const SHA1: &[u8] = &[0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00];
const ECDSA_SHA256: &[u8] =
    &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// `id-pkix-ocsp-basic`
const BASIC: &[u8] = &[0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];

impl TestCa {
    /// A list in PEM, an hour old and good for a week, that revokes these.
    pub fn crl(&self, revoked: &[&Issued]) -> String {
        let day = |offset| date_time_ymd(1970, 1, 1) + until(offset);
        let revoked = revoked.iter().map(|issued| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&issued.serial),
            revocation_time: day(SignedDuration::from_hours(-1)),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: day(SignedDuration::from_hours(-1)),
            next_update: day(DAY * 7),
            crl_number: next_serial(),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer).expect("an authority signs lists");
        list.pem().expect("a list is written as PEM")
    }

    /// An OCSP response in DER that calls `issued` good, from an hour ago for a week.
    pub fn ocsp_response(&self, issued: &Issued) -> Vec<u8> {
        let key = self.issuer.key();
        let key_hash = sha1(key.der_bytes());
        let id = tlv(
            SEQUENCE,
            &[
                SHA1,
                &tlv(OCTET_STRING, &[&sha1(subject(&self.der))]),
                &tlv(OCTET_STRING, &[&key_hash]),
                &tlv(0x02, &[&issued.serial]),
            ],
        );
        let now = Timestamp::now();
        let time =
            |at: Timestamp| tlv(0x18, &[at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes()]);
        let from = time(now - SignedDuration::from_hours(1));
        let next = tlv(0xa0, &[&time(now + DAY * 7)]);
        let good = tlv(0x80, &[]);
        let single = tlv(SEQUENCE, &[&id, &good, &from, &next]);
        let responder = tlv(0xa2, &[&tlv(OCTET_STRING, &[&key_hash])]);
        let data = tlv(SEQUENCE, &[&responder, &from, &tlv(SEQUENCE, &[&single])]);
        let signature = key.sign(&data).expect("the key signs");
        let signature = tlv(0x03, &[&[0], &signature]);
        let basic = tlv(SEQUENCE, &[&data, ECDSA_SHA256, &signature]);
        let bytes = tlv(SEQUENCE, &[BASIC, &tlv(OCTET_STRING, &[&basic])]);
        tlv(SEQUENCE, &[&[0x0a, 0x01, 0x00], &tlv(0xa0, &[&bytes])])
    }
}

/// The subject of an authority's own certificate: its TBSCertificate's sixth part, after version,
/// serial number, algorithm, issuer and validity.
fn subject<'a>(certificate: &'a CertificateDer<'_>) -> &'a [u8] {
    let (_, certificate, _) = split(certificate);
    let (_, mut rest, _) = split(certificate);
    for _ in 0..5 {
        rest = split(rest).2;
    }
    split(rest).0
}

/// The first element as a whole, its content, and what follows it.
fn split(der: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (header, length) = match der[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let digits = usize::from(long & 0x7f);
            let length = der[2..2 + digits].iter().fold(0, |sum, &b| sum << 8 | usize::from(b));
            (2 + digits, length)
        }
    };
    (&der[..header + length], &der[header..header + length], &der[header + length..])
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).expect("responses of tests are short");
    let [high, low] = length.to_be_bytes();
    let header = match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [header, content].concat()
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}
