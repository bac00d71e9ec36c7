//! Outside judges: sslscan and testssl look at a Doorward that serves one host, h2load asks it
//! for HTTP/2 in every shape it knows. What they hold against it is printed and fails the run.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Result, bail};

use crate::{
    Common,
    load::{Backend, Load},
    peer::{Kind, Served, tool},
    peers::other_core,
    say,
    site::Site,
};

/// What sslscan prints for something that nobody should offer today.
const BAD: [&str; 7] = [
    "SSLv2     enabled",
    "SSLv3     enabled",
    "TLSv1.0   enabled",
    "TLSv1.1   enabled",
    "vulnerable to heartbleed",
    "Insecure session renegotiation supported",
    "Compression enabled",
];

/// Testssl grades each finding; these fail the run.
const GRADES: [&str; 3] = ["\"MEDIUM\"", "\"HIGH\"", "\"CRITICAL\""];

/// Findings that are not the gateway's: the certificate comes from a CA that only this run knows,
/// so nobody else can trust, revoke or log it, and the answer is the bench's bare backend's.
const NOT_OURS: [&str; 9] = [
    "security_headers",
    "cert_chain_of_trust",
    "cert_trust",
    "cert_revocation",
    "cert_crlDistributionPoints",
    "cert_ocspURL",
    "cert_notAfter",
    "cert_validityPeriod",
    "DNS_CAArecord",
];

pub async fn judge(common: &Common) -> Result<()> {
    let backend = Backend::start(other_core(common.core)).await?;
    let site = Site::single(backend.address);
    let served = Served::start(Kind::Doorward, common, &site).await?;
    let target = format!("localhost:{}", served.address.port());
    let mut found = sslscan(&target)?;
    found.extend(testssl(&target)?);
    for (load, title) in [(Load::Http1, "HTTP/1.1"), (Load::Http2, "HTTP/2")] {
        match load.drive(served.address, Duration::from_secs(3)).await {
            Ok(answered) => println!("{title}: {answered} requests, none failed"),
            Err(error) => found.push(format!("{title}: {error:#}")),
        }
    }
    if found.is_empty() {
        println!("The judges hold nothing against it.");
        return Ok(());
    }
    bail!("the judges found:\n{}", found.join("\n"))
}

fn sslscan(target: &str) -> Result<Vec<String>> {
    let said = output(&tool("sslscan")?, &["--no-colour", "--show-sigs", target])?;
    println!("{said}");
    let bad = said
        .lines()
        .filter(|line| !line.contains("not vulnerable"))
        .filter(|line| BAD.iter().any(|bad| line.contains(bad)));
    Ok(bad.map(|line| format!("sslscan: {line}")).collect())
}

fn testssl(target: &str) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let findings = folder.path().join("findings.json");
    let path = findings.display().to_string();
    say("testssl takes about two minutes");
    let said = output(
        &tool("testssl")?,
        &["--color", "0", "--warnings", "off", "--quiet", "--jsonfile", &path, target],
    )?;
    println!("{said}");
    let findings: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(findings)?)?;
    let findings = findings.as_array().cloned().unwrap_or_default();
    let bad = findings.iter().filter(|finding| {
        let is_graded = GRADES.contains(&finding["severity"].to_string().as_str());
        let id = finding["id"].as_str().unwrap_or_default();
        is_graded && !NOT_OURS.iter().any(|known| id.starts_with(known))
    });
    Ok(bad.map(|f| format!("testssl: {}: {} ({})", f["id"], f["finding"], f["severity"])).collect())
}

fn output(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
