//! Lines out and lines in, through buffers that are wiped: keys pass through them. What grows
//! is copied by hand, as a vector that grows by itself leaves its former bytes behind.

use std::{
    io::{self, Read, Write},
    ops::Range,
};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Serialize, Serializer as _};
use zeroize::Zeroizing;

const BUFFER: usize = 256 << 10;

/// No line is longer: an object of an API server has 1.5 MiB at most, which is etcd's limit.
const MAX_LINE: usize = 16 << 20;

/// Writes lines of JSON, and keeps their checksum.
pub struct LineWriter<W: Write> {
    output: W,
    /// Never longer than its capacity.
    buffer: Zeroizing<Vec<u8>>,
    digest: Context,
}

impl<W: Write> LineWriter<W> {
    pub fn new(output: W) -> Self {
        let buffer = Zeroizing::new(Vec::with_capacity(BUFFER));
        Self { output, buffer, digest: Context::new(&SHA256) }
    }

    /// One line, `{"KIND": VALUE}`.
    pub fn write(&mut self, kind: &str, value: &impl Serialize) -> io::Result<()> {
        serde_json::Serializer::new(&mut *self).collect_map([(kind, value)])?;
        self.write_all(b"\n")
    }

    /// Of the lines written so far.
    pub fn checksum(&mut self) -> io::Result<String> {
        self.pass_on()?;
        Ok(hex(&self.digest))
    }

    fn pass_on(&mut self) -> io::Result<()> {
        self.digest.update(&self.buffer);
        self.output.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write> Write for LineWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() == BUFFER {
            self.pass_on()?;
        }
        let taken = bytes.len().min(BUFFER - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.output.flush()
    }
}

/// Reads lines, and keeps the checksum of those that are done with.
pub struct LineReader<R> {
    input: R,
    buffer: Zeroizing<Vec<u8>>,
    /// Where the line lies that was yielded last, with its end.
    line: Range<usize>,
    /// How much of the buffer was read into.
    filled: usize,
    digest: Context,
}

impl<R: Read> LineReader<R> {
    pub fn new(input: R) -> Self {
        let buffer = Zeroizing::new(vec![0; BUFFER]);
        Self { input, buffer, line: 0..0, filled: 0, digest: Context::new(&SHA256) }
    }

    /// The next line, without its end; `None` when there is no more. A last line without end is
    /// `UnexpectedEof`, one that is longer than any may be `InvalidData`.
    pub fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.digest.update(&self.buffer[self.line.clone()]);
        self.line = self.line.end..self.line.end;
        loop {
            let unsearched = &self.buffer[self.line.end..self.filled];
            if let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') {
                self.line.end += end + 1;
                return Ok(Some(&self.buffer[self.line.start..self.line.end - 1]));
            }
            self.line.end = self.filled;
            if !self.read_on()? {
                return match self.line.is_empty() {
                    true => Ok(None),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    /// Of all lines before the one that was yielded last.
    pub fn checksum_before(&self) -> String {
        hex(&self.digest)
    }

    /// Reads what can be had at once; false at the end.
    fn read_on(&mut self) -> io::Result<bool> {
        if self.filled == self.buffer.len() {
            self.make_room()?;
        }
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(read) => {
                    self.filled += read;
                    return Ok(read > 0);
                }
            }
        }
    }

    /// Moves the line that was begun to the front, of a larger buffer if it fills this one.
    fn make_room(&mut self) -> io::Result<()> {
        if self.line.len() < self.buffer.len() {
            self.buffer.copy_within(self.line.clone(), 0);
        } else if self.buffer.len() < MAX_LINE {
            let mut larger = Zeroizing::new(vec![0; 2 * self.buffer.len()]);
            larger[..self.filled].copy_from_slice(&self.buffer);
            self.buffer = larger;
        } else {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.filled = self.line.len();
        self.line = 0..self.filled;
        Ok(())
    }
}

fn hex(digest: &Context) -> String {
    digest.clone().finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
