//! One RSA key of 1024 bits with a self-signed certificate for `weak.test`, good until 2125.
//! FOR TESTS ONLY: published here, so worth nothing. rustls refuses such a key, and
//! no library of ours makes one.

use super::Issued;

/// A pair that parses and must be refused for its length.
pub fn rsa_1024() -> Issued {
    Issued {
        cert_pem: CERTIFICATE.into(),
        chain_pem: CERTIFICATE.into(),
        key_pem: KEY.into(),
        serial: vec![1],
    }
}

const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIB5TCCAU6gAwIBAgIBATANBgkqhkiG9w0BAQsFADAUMRIwEAYDVQQDDAl3ZWFr
LnRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyNTAxMDEwMDAwMDBaMBQxEjAQBgNV
BAMMCXdlYWsudGVzdDCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkCgYEA6MI778Pq
/S3E/6C7ebw2iMGIA4njad2sY8HsCUS2DchBhBd4UMmtQxyHNkPT60x9+KCM+0Dd
aXGDDejBZTcZUPaxUElfYLHo5HHsJa599uKdGbkLoZm+rFtLxVUdu9nw0lkXtrXd
2RiLSJY6f0zDXChn7yKNWR2gjfueRLYs4qkCAwEAAaNFMEMwDAYDVR0TAQH/BAIw
ADAUBgNVHREEDTALggl3ZWFrLnRlc3QwHQYDVR0OBBYEFFng9W8XrVy2uo0QjDT1
QWZv7RkvMA0GCSqGSIb3DQEBCwUAA4GBALjpcC19T1Z6NPTFWasdBEt172UjwczA
sB93awUlAhTgh5mEosOBN2n8FjCuC/OR+xkH5Xr25jFyw7sf0W3KknSXetDPx47K
9/p1k5kP5uJcRbzFm/v80xbgyB3IsoR9vp03tJlv+sf47lNMp1EySBj2Y93sxvFM
EMNm158P80iC
-----END CERTIFICATE-----
";

const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAOjCO+/D6v0txP+g
u3m8NojBiAOJ42ndrGPB7AlEtg3IQYQXeFDJrUMchzZD0+tMffigjPtA3Wlxgw3o
wWU3GVD2sVBJX2Cx6ORx7CWuffbinRm5C6GZvqxbS8VVHbvZ8NJZF7a13dkYi0iW
On9Mw1woZ+8ijVkdoI37nkS2LOKpAgMBAAECgYA62IiAuL6bXcv1ePSM9XmwH4W8
p0rYhBPGcMu1GCsS1vNBaxGfEy37zqWcoY9daMxcZHLgPuj7dJhWlub2KPT8GMI3
G6RCufSAEpV0/CDTjf+0XZWtjx9Fdh9OIo7ue/Baa2sKiw5ttBeP8iGe8SQgCS33
bGyeZwpgdtMMepGNgQJBAPcS4j9rsVwnuWQtr/yJDKQ8roRXAsV2cCMJuzbyloSq
5+vH6u75lnFsLV++JQ5AC2/VMb1isXtU2c5gqqVFVBkCQQDxKvReOpjhy3UzFGry
rpLXuCA4TgrFEOXYXC2IV/eZ+/LOAm+NF3OjcK8/yy4XGPtiCOF7SogukxfMd0oZ
llURAkEAwSH8wzCOkofmzl08TP5gaF2a2Y4ed3Zuj6UCuCAG8quZ4OAEUEu/gufZ
zBaZZrs/dWrEl9L3A34/R6iem9RGuQJANezC42b61FIoDJneKBF86BtVqQFaSyIy
IqTJ0ZjJ1naNnh7RTp0V0E/b/8mwrp15aDxQHr9VoARn5+IsgXgp4QJBAOZAUj64
LeT9gFd2zKKc16GuimxdchoVm+zUzmPqIS3E0oYSpXrfb9QvcbR3BwuR2VkMX5Ks
nX7PNbNMtGKzszg=
-----END PRIVATE KEY-----
";
