//! The check of clients' certificates: rustls verifies the chain, and what a server asks for
//! beyond it (names, pins) is checked here.
//!
//! Revocation lists are looked at for every certificate of a chain, so an intermediate that its
//! root has revoked is refused, too. An authority without a list has revoked nothing. A list is
//! used on after its `nextUpdate`: a revocation does not lapse because a newer list is late, and
//! an outdated list must not shut out every client.

mod identity;

use std::sync::Arc;

use model::{ClientAuth, ClientDemand};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    server::{
        VerifierBuilderError, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::TlsError;
use identity::Identity;

/// What one server asks of its clients.
#[derive(Debug)]
pub struct ClientCheck {
    wanted: Arc<ClientAuth>,
    /// `None`: there is no root to verify by, so no chain is good. Only for lenient checks.
    chain: Option<Arc<dyn ClientCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ClientCheck {
    pub fn new(wanted: &Arc<ClientAuth>, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let chain = match wanted.roots.is_empty() && wanted.is_lenient {
            true => None,
            false => Some(chain_verifier(wanted, provider.clone())?),
        };
        Ok(Self { wanted: wanted.clone(), chain, provider })
    }

    /// Whether the certificate of a client that was let in has passed every check. rustls has no
    /// place to keep that, so where it is in doubt it is found out again.
    pub fn has_verified(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> bool {
        !self.wanted.is_lenient || self.check(leaf, intermediates, UnixTime::now()).is_ok()
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let Some(chain) = &self.chain else {
            return Err(CertificateError::UnknownIssuer.into());
        };
        chain.verify_client_cert(leaf, intermediates, now)?;
        let wanted = &*self.wanted;
        if wanted.names.is_empty()
            && wanted.key_pins.is_empty()
            && wanted.certificate_pins.is_empty()
        {
            return Ok(());
        }
        let identity = Identity::of(leaf).ok_or(CertificateError::BadEncoding)?;
        if !identity.has_a_name_of(&wanted.names) {
            return Err(CertificateError::NotValidForName.into());
        }
        if !identity.is_pinned_by(wanted) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(())
    }
}

impl ClientCertVerifier for ClientCheck {
    fn client_auth_mandatory(&self) -> bool {
        self.wanted.demand == ClientDemand::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.as_ref().map_or(&[], |chain| chain.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        match self.check(leaf, intermediates, now) {
            Err(error) if !self.wanted.is_lenient => Err(error),
            _ => Ok(ClientCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn chain_verifier(
    wanted: &ClientAuth,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for (position, root) in (1..).zip(&wanted.roots) {
        roots.add(root.clone()).map_err(|reason| TlsError::BadRoot { position, reason })?;
    }
    let builder = || {
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots.clone()), provider.clone())
            .allow_unknown_revocation_status()
    };
    match builder().with_crls(wanted.crls.iter().cloned()).build() {
        Ok(verifier) => Ok(verifier),
        Err(VerifierBuilderError::InvalidCrl(reason)) => {
            let is_bad = |crl: &_| builder().with_crls([Clone::clone(crl)]).build().is_err();
            let position = wanted.crls.iter().position(is_bad).map_or(0, |index| index + 1);
            Err(TlsError::BadCrl { position, reason: format!("{reason:?}") })
        }
        Err(_) => Err(TlsError::NoRoots),
    }
}

#[cfg(test)]
mod tests;
