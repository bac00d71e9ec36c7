//! What the ssh client complains of, told as what is wrong and how it is cured.

use crate::{HostName, SiteError};

/// Reads the last words of an ssh client that came to nothing. `login` is what it tried to reach.
pub fn error(host: &HostName, login: &str, stderr: &str) -> SiteError {
    let host = host.clone();
    let has = |words: &str| stderr.contains(words);
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        let why = format!(
            "the host key of {login} is not the known one: another machine answers, or it was \
             set up anew. Once you know which, take the old key away with ssh-keygen -R"
        );
        return SiteError::Refused { host, why };
    }
    if has("Host key verification failed") {
        let why = format!(
            "the host key of {login} is not known. Compare it, and let ssh add it: ssh {login}"
        );
        return SiteError::Refused { host, why };
    }
    if let Some(line) = stderr.lines().find(|line| line.contains("Permission denied")) {
        let offered = line.split_once("Permission denied").map_or("", |(_, rest)| rest);
        let why = format!(
            "SSH refused the login to {login}{}: no key that ssh offered is among its \
             authorized_keys. Name one with spec.ssh.identityFile, or load it into your agent",
            offered.trim_end_matches('.')
        );
        return SiteError::Refused { host, why };
    }
    if has("administratively prohibited") {
        let why = format!(
            "sshd of {login} forbids forwarding, by which its ports are probed; allow it to this \
             user: AllowTcpForwarding local"
        );
        return SiteError::Refused { host, why };
    }
    SiteError::Unreachable { host, why: format!("no SSH to {login}: {}", reason(stderr)) }
}

/// The last line that says something, without the carriage returns that ssh adds.
fn reason(stderr: &str) -> &str {
    let lines = stderr.lines().map(str::trim);
    let last = lines.rev().find(|line| !line.is_empty() && !line.starts_with("Warning:"));
    last.unwrap_or("the connection ended without a word")
}

#[cfg(test)]
mod tests;
