//! Digests by which the same is known again: of specifications, in tokens and tags.

/// SHA-256 in hex, of texts that cannot run into each other.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
