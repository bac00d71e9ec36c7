//! `doorward certificate`: the certificate store.

use anyhow::{Context, Result};

use super::{client::Client, describe, get::list_certificates, print, show};
use crate::{
    args::{CertificateVerb, Output},
    view::{CertificateView, Upload},
};

pub fn certificate(verb: &CertificateVerb) -> Result<()> {
    match verb {
        CertificateVerb::Upload { cert, key, id, remote } => {
            let read = |path: &std::path::Path| {
                std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {} as PEM text", path.display()))
            };
            let upload =
                Upload { id: id.clone(), certificate: read(cert)?, private_key: read(key)? };
            let answer = Client::new(remote)?.post("/api/v1/certificates", &upload)?;
            show(&answer, remote.output.output, |stored: CertificateView, _| {
                let names = stored.facts.map(|facts| facts.names.join(" ")).unwrap_or_default();
                format!("certificate {} is in the store, for {names}\n", stored.id)
            })
        }
        CertificateVerb::List { remote } => {
            list_certificates(&Client::new(remote)?, remote.output.output)
        }
        CertificateVerb::Show { id, remote } => {
            describe::certificate(&Client::new(remote)?, id, remote.output.output)
        }
        CertificateVerb::Delete { id, remote } => {
            Client::new(remote)?.delete(&format!("/api/v1/certificates/{id}"))?;
            match remote.output.output {
                Output::Json => Ok(()),
                Output::Table => print(&format!("certificate {id} is deleted\n")),
            }
        }
    }
}
