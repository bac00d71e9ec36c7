//! XML as far as AWS needs it: elements and text.

/// `<NAME>CONTENT</NAME>`; the content is XML already.
pub(crate) fn element(name: &str, content: &str) -> String {
    format!("<{name}>{content}</{name}>")
}

/// `<NAME>TEXT</NAME>`.
pub(crate) fn text(name: &str, text: &str) -> String {
    element(name, &escape(text))
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
