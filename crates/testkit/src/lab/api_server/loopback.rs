//! The certificate that an API server makes for itself when it starts, and shows only to who asks
//! for it by its name: itself.

use std::{io, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{
    crypto::CryptoProvider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

pub const NAME: &str = "apiserver-loopback-client";
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// What is shown to everybody, and what to who asks for [`NAME`].
#[derive(Debug)]
pub struct Shown {
    pub everybody: Arc<CertifiedKey>,
    pub itself: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = if hello.server_name() == Some(NAME) { &self.itself } else { &self.everybody };
        Some(shown.clone())
    }
}

/// Called as Kubernetes calls it, by the second in which it was made.
pub fn make(provider: &CryptoProvider) -> io::Result<CertifiedKey> {
    let now = Timestamp::now();
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).map_err(io::Error::other)?;
    let name = format!("{NAME}@{}", now.as_second());
    params.distinguished_name.push(DnType::CommonName, name);
    let end = (now + GOOD_FOR).as_second();
    params.not_after = rcgen::date_time_ymd(1970, 1, 1)
        + std::time::Duration::from_secs(end.try_into().map_err(io::Error::other)?);
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    certified(vec![certificate.der().clone()], key, provider)
}

pub fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> io::Result<CertifiedKey> {
    CertifiedKey::from_der(chain, key, provider).map_err(io::Error::other)
}
