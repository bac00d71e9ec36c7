//! What a finished handshake settled, in the words of [`Connection`](crate::Connection).

use aws_lc_rs::digest::{SHA256, digest};
use model::Fingerprint;
use rustls::{HandshakeKind, NamedGroup, ProtocolVersion, ServerConnection};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::ClientCheck;
use crate::{ClientCertificate, TlsFacts};

impl TlsFacts {
    /// `check` is what was asked of the client.
    pub(crate) fn of(session: &ServerConnection, check: Option<&ClientCheck>) -> Self {
        let suite = session.negotiated_cipher_suite().map(|suite| suite.suite());
        let group = session.negotiated_key_exchange_group().map(|group| group.name());
        Self {
            server_name: session.server_name().map(Into::into),
            version: match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "TLSv1.2",
            },
            cipher: suite.map_or("", cipher_name),
            alpn: match session.alpn_protocol() {
                Some(b"h2") => Some("h2"),
                Some(b"http/1.1") => Some("http/1.1"),
                _ => None,
            },
            group: group.map(group_name),
            resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
            client_certificate: session
                .peer_certificates()
                .and_then(|chain| client_certificate(chain, check)),
        }
    }
}

/// IANA writes the names of TLS 1.3 suites without the prefix that rustls gives them.
fn cipher_name(suite: rustls::CipherSuite) -> &'static str {
    use rustls::CipherSuite as S;
    match suite {
        S::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        S::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        S::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or_default(),
    }
}

fn group_name(group: NamedGroup) -> &'static str {
    group.as_str().unwrap_or_default()
}

/// rustls has read it, so it parses; the dates and names are taken as they stand.
fn client_certificate(
    chain: &[CertificateDer<'_>],
    check: Option<&ClientCheck>,
) -> Option<ClientCertificate> {
    let (der, intermediates) = chain.split_first()?;
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, der).as_ref());
    Some(ClientCertificate {
        is_verified: check.is_some_and(|check| check.has_verified(der, intermediates)),
        subject_dn: certificate.subject().to_string(),
        issuer_dn: certificate.issuer().to_string(),
        serial: hex_upper(certificate.raw_serial()),
        fingerprint: Fingerprint(fingerprint),
    })
}

fn hex_upper(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
