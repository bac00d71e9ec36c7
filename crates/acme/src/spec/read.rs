//! From JSON to the spec: types first, then what types cannot say.

use std::net::SocketAddr;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use issue::SpecProblem;
use rustls_pki_types::CertificateDer;
use serde_json::Value;

use super::{AcmeSpec, Dns01Spec, Rfc2136Spec, SolverSpec};
use crate::NamePattern;

impl AcmeSpec {
    /// Reads the value of `spec.acme`.
    pub fn read(value: &Value) -> Result<Self, SpecProblem> {
        let spec: Self = serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            let field = match path.as_str() {
                "." => "spec.acme".to_owned(),
                path => format!("spec.acme.{path}"),
            };
            SpecProblem::at(field, error.into_inner().to_string())
        })?;
        spec.check()?;
        Ok(spec)
    }

    fn check(&self) -> Result<(), SpecProblem> {
        if !self.server.starts_with("https://") {
            let message = format!(
                "{:?} is no HTTPS URL: put the URL of the CA's ACME directory here",
                self.server
            );
            return Err(SpecProblem::at("spec.acme.server", message));
        }
        self.trusted()?;
        self.resolver()?;
        if self.email.as_ref().is_some_and(|email| !email.contains('@') || email.contains(':')) {
            let message = "is no mail address: write it as ops@example.com";
            return Err(SpecProblem::at("spec.acme.email", message));
        }
        if self.solvers.is_empty() {
            let message = "names no way to prove names: add `http01: {}`, for example";
            return Err(SpecProblem::at("spec.acme.solvers", message));
        }
        for (index, solver) in self.solvers.iter().enumerate() {
            check_solver(solver, &format!("spec.acme.solvers[{index}]"))?;
        }
        Ok(())
    }

    /// The certificates of `caBundle`; none where it is left out.
    pub fn trusted(&self) -> Result<Vec<CertificateDer<'static>>, SpecProblem> {
        let Some(bundle) = &self.ca_bundle else { return Ok(Vec::new()) };
        let wrong = |message: String| SpecProblem::at("spec.acme.caBundle", message);
        let bundle: String = bundle.split_ascii_whitespace().collect();
        let pem = BASE64_STANDARD
            .decode(bundle)
            .map_err(|_| wrong("is no base64: encode the PEM file with `base64 -w0`".into()))?;
        x509::read_roots(&pem).map_err(|problem| wrong(problem.to_string()))
    }

    /// Whom to ask for records of names; `None`: whom the machine asks.
    pub fn resolver(&self) -> Result<Option<SocketAddr>, SpecProblem> {
        let read = |text| address(text, "spec.acme.resolver");
        self.resolver.as_deref().map(read).transpose()
    }
}

impl Rfc2136Spec {
    /// `field`: of this.
    pub fn nameserver(&self, field: &str) -> Result<SocketAddr, SpecProblem> {
        address(&self.nameserver, &format!("{field}.nameserver"))
    }
}

fn address(text: &str, field: &str) -> Result<SocketAddr, SpecProblem> {
    text.parse().map_err(|_| {
        let message = format!("{text:?} is no address with a port: write 192.0.2.1:53");
        SpecProblem::at(field, message)
    })
}

fn check_solver(solver: &SolverSpec, field: &str) -> Result<(), SpecProblem> {
    let methods = [solver.http01.is_some(), solver.tls_alpn01.is_some(), solver.dns01.is_some()];
    if methods.into_iter().filter(|is_set| *is_set).count() != 1 {
        let message = "needs exactly one of http01, tlsAlpn01 and dns01";
        return Err(SpecProblem::at(field, message));
    }
    for (index, name) in solver.names.iter().enumerate() {
        NamePattern::parse(name).map_err(|error| {
            SpecProblem::at(format!("{field}.names[{index}]"), format!("{name:?}: {error}"))
        })?;
    }
    match &solver.dns01 {
        Some(dns) => check_dns(dns, &format!("{field}.dns01")),
        None => Ok(()),
    }
}

fn check_dns(dns: &Dns01Spec, field: &str) -> Result<(), SpecProblem> {
    let hosts = [dns.rfc2136.is_some(), dns.route53.is_some(), dns.command.is_some()];
    if hosts.into_iter().filter(|is_set| *is_set).count() != 1 {
        let message = "needs exactly one of rfc2136, route53 and command";
        return Err(SpecProblem::at(field, message));
    }
    if let Some(rfc2136) = &dns.rfc2136 {
        let field = format!("{field}.rfc2136");
        rfc2136.nameserver(&field)?;
        let known = ["hmac-sha256", "hmac-sha384", "hmac-sha512"];
        if let Some(tsig) = rfc2136.tsig.as_ref().filter(|tsig| !known.contains(&&*tsig.algorithm))
        {
            let message = format!("{:?} is not one of {}", tsig.algorithm, known.join(", "));
            return Err(SpecProblem::at(format!("{field}.tsig.algorithm"), message));
        }
    }
    if dns.command.as_ref().is_some_and(|command| command.0.is_empty()) {
        let message = "names no program: write [PATH, ARGUMENTS…]";
        return Err(SpecProblem::at(format!("{field}.command"), message));
    }
    Ok(())
}
