//! The token that admin requests carry as `Authorization: Bearer TOKEN`.

use std::{fmt, path::Path};

use anyhow::{Context, Result, ensure};

/// Never printed.
pub struct Token(String);

impl Token {
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the admin token file {}", path.display()))?;
        let token = text.trim();
        ensure!(
            token.len() >= 16 && token.bytes().all(|byte| byte.is_ascii_graphic()),
            "admin token file {}: write at least 16 printable characters without blanks, for example from `openssl rand -hex 32`",
            path.display()
        );
        Ok(Self(token.to_owned()))
    }

    /// The value of the header that carries it.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Takes the same time wherever the first difference is.
    pub fn fits(&self, authorization: &[u8]) -> bool {
        let expected = self.bearer();
        let differences = expected
            .bytes()
            .zip(authorization.iter().copied().chain(std::iter::repeat(0)))
            .fold(0, |differences, (a, b)| differences | (a ^ b));
        differences == 0 && expected.len() == authorization.len()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}
