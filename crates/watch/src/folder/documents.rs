//! Cuts a YAML stream into its documents, so that each is parsed by itself: a broken one does
//! not hide the others, several are parsed at once, and a large file is never held whole.
//!
//! A line that begins with `---` or `...` ends a document wherever it stands, in quotes and block
//! scalars too (YAML 1.2, rule c-forbidden), so cutting needs no parsing.

use std::io::{self, BufRead};

/// The largest document that is parsed, in bytes.
pub(crate) const MAX_DOCUMENT: usize = 64 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One document as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// The line of its first byte, counted from 1.
    pub(crate) start: u32,
    /// The first line that says something.
    pub(crate) line: u32,
    /// `None` when it is larger than [`MAX_DOCUMENT`].
    pub(crate) text: Option<Vec<u8>>,
}

/// The documents of a stream that hold more than comments, in order.
pub(crate) struct Documents<R> {
    input: R,
    /// The line in `buffer`, counted from 1.
    line: u32,
    buffer: Vec<u8>,
    /// `buffer` holds a `---` line that belongs to the document that comes next.
    carried: bool,
}

impl<R: BufRead> Documents<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, line: 0, buffer: Vec::new(), carried: false }
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Document>> {
        loop {
            let Some(document) = self.read_document()? else { return Ok(None) };
            // Only comments or directives, or nothing between two markers.
            if document.line != 0 {
                return Ok(Some(document));
            }
        }
    }

    fn read_document(&mut self) -> io::Result<Option<Document>> {
        let mut document = Document { start: 0, line: 0, text: Some(Vec::new()) };
        while self.read_line()? {
            let boundary = boundary(&self.buffer);
            if boundary == Some(Boundary::Start) && document.start != 0 {
                self.carried = true;
                return Ok(Some(document));
            }
            if boundary == Some(Boundary::End) {
                document.start = document.start.max(1);
                return Ok(Some(document));
            }
            self.append(&mut document);
        }
        Ok((document.start != 0).then_some(document))
    }

    /// Fills `buffer` with the next line; false at the end.
    fn read_line(&mut self) -> io::Result<bool> {
        if std::mem::take(&mut self.carried) {
            return Ok(true);
        }
        self.buffer.clear();
        self.line += 1;
        Ok(self.input.read_until(b'\n', &mut self.buffer)? > 0)
    }

    fn append(&self, document: &mut Document) {
        if document.start == 0 {
            document.start = self.line;
        }
        if document.line == 0 && says_something(&self.buffer) {
            document.line = self.line;
        }
        if let Some(text) = &mut document.text {
            match text.len() + self.buffer.len() > MAX_DOCUMENT {
                false => text.extend_from_slice(&self.buffer),
                true => document.text = None,
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Boundary {
    /// `---`
    Start,
    /// `...`
    End,
}

fn boundary(line: &[u8]) -> Option<Boundary> {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let (kind, rest) = match line.split_at_checked(3)? {
        (b"---", rest) => (Boundary::Start, rest),
        (b"...", rest) => (Boundary::End, rest),
        _ => return None,
    };
    matches!(rest.first(), None | Some(b' ' | b'\t' | b'\r' | b'\n')).then_some(kind)
}

fn says_something(line: &[u8]) -> bool {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    if line.starts_with(b"%") {
        return false;
    }
    let line = match boundary(line) {
        Some(_) => &line[3..],
        None => line,
    };
    !matches!(line.trim_ascii_start().first(), None | Some(b'#'))
}

#[cfg(test)]
mod tests;
