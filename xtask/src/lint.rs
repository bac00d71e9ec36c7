//! What has to be clean besides the tests.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::{cargo, deploy, docs, orphans, root};

pub fn all() -> Result<()> {
    step("format", cargo().args(["fmt", "--all", "--check"]))?;
    step(
        "clippy",
        cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]),
    )?;
    step(
        "documentation",
        cargo()
            .args(["doc", "--workspace", "--no-deps", "--quiet", "--document-private-items"])
            // Who reads these pages works on the crate, and sees its private parts too.
            .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"),
    )?;
    eprintln!("lint: forgotten files");
    orphans::check(&root())?;
    eprintln!("lint: commands and links in the docs");
    docs::check(&root())?;
    eprintln!("lint: what is installed into a cluster");
    deploy::check(&root())?;
    if cargo().args(["deny", "--version"]).stderr(Stdio::null()).output()?.status.success() {
        step("dependencies", cargo().args(["deny", "--log-level", "error", "check"]))?;
    } else {
        eprintln!("lint: dependencies skipped: needs cargo-deny");
    }
    Ok(())
}

fn step(name: &str, command: &mut Command) -> Result<()> {
    eprintln!("lint: {name}");
    if !command.status()?.success() {
        bail!("{name} is not clean");
    }
    Ok(())
}
