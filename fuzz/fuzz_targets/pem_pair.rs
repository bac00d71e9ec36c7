//! A Secret's content: `tls.crt`, a zero byte, `tls.key`. Whatever they are, the answer is a
//! certificate that can be written and read again, or a problem.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |&byte| byte == 0);
    let (certificate, key) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if let Ok(read) = x509::read_pair(certificate, key) {
        let (chain, key) = (x509::chain_pem(&read), x509::key_pem(&read));
        let again = x509::read_pair(chain.as_bytes(), key.as_bytes());
        let again = again.expect("what was accepted once is accepted again");
        assert_eq!(read.fingerprint, again.fingerprint);
    }
    let _ = x509::read_roots(certificate);
    let _ = x509::read_crls(certificate);
});
