//! The thread that writes lines, and the bounded queue before it.

use std::{
    io::{self, BufWriter, Write},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use prometheus_client::metrics::counter::Counter;

use super::{AccessLogFormat, entry::Line, format};

/// Lines that may wait; about a second of heavy traffic.
const QUEUE: usize = 16_384;

/// Where finished lines go.
#[derive(Clone, Debug)]
pub struct Queue {
    lines: SyncSender<Line>,
    dropped: Counter,
}

impl Queue {
    /// The thread ends when the last clone of the queue is gone, or nobody reads `out` any more.
    pub fn start(
        out: impl Write + Send + 'static,
        format: AccessLogFormat,
        dropped: Counter,
    ) -> io::Result<Self> {
        let (lines, queued) = sync_channel(QUEUE);
        let write = move || {
            if let Err(error) = write_all(&queued, BufWriter::new(out), format) {
                tracing::error!(%error, "the access log cannot be written and is off from now on");
            }
        };
        thread::Builder::new().name("access-log".to_owned()).spawn(write)?;
        Ok(Self { lines, dropped })
    }

    /// Never waits: a line that finds the queue full, or its writer gone, is dropped and counted.
    pub fn push(&self, line: Line) {
        if self.lines.try_send(line).is_err() {
            self.dropped.inc();
        }
    }
}

/// Writes lines as they come and flushes when there is none left for the moment.
fn write_all(
    queued: &Receiver<Line>,
    mut out: impl Write,
    format: AccessLogFormat,
) -> io::Result<()> {
    while let Ok(mut line) = queued.recv() {
        loop {
            format::write(&mut out, format, &line)?;
            match queued.try_recv() {
                Ok(next) => line = next,
                Err(_) => break,
            }
        }
        out.flush()?;
    }
    Ok(())
}
