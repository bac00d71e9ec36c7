//! A Secret's content: any two texts as `tls.crt` and `tls.key`. Whatever they are, the answer is
//! a certificate that can be written and read again, or a problem; and no problem tells the key.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (&[u8], &[u8])| {
    let (certificate, key) = data;
    if let Ok(read) = x509::read_pair(certificate, key) {
        let again =
            x509::read_pair(x509::chain_pem(&read).as_bytes(), x509::key_pem(&read).as_bytes());
        let again = again.expect("what was accepted once is accepted again");
        assert_eq!(read.fingerprint, again.fingerprint);
    }
    let _ = x509::read_roots(certificate);
});
