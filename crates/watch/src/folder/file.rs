//! One file: what it holds, and reading it again when it changed.
//!
//! Nothing of the text outlives the reading, and a large file is never held whole.

use std::{
    fs::File,
    hash::BuildHasher,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::SystemTime,
};

use foldhash::fast::FixedState;
use model::{Origin, Reason, Verdict};

use super::{
    documents::{Document, Documents, MAX_DOCUMENT},
    file_reference,
    known::Known,
    object::{self, Item},
    stamp::Stamp,
    syntax::{self, SyntaxError},
};
use crate::read::Context;

/// How much a worker takes at once: enough that taking costs little.
const BATCH_DOCUMENTS: usize = 32;
const BATCH_BYTES: usize = 1 << 20;

/// What a file came to when it was read last.
#[derive(Debug, Default)]
pub(crate) struct FileState {
    /// `None`: it could not be read, or was written so lately that it may be written again under
    /// the same stamp. It is read at the next look in any case.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) documents: Vec<DocumentState>,
    /// What is wrong with the file as a whole or with the syntax of its documents.
    pub(crate) faults: Vec<Verdict>,
}

#[derive(Clone, Debug)]
pub(crate) struct DocumentState {
    /// Of the text: an equal one is not parsed again.
    pub(crate) hash: u64,
    pub(crate) origin: Origin,
    pub(crate) items: Box<[Item]>,
}

/// Reads a file. What did not change since `previous` keeps its pointers; a file with a document
/// that does not parse keeps all of `previous`, since half an edit is worse than none.
pub(crate) fn read(
    path: &Path,
    previous: FileState,
    workers: usize,
    context: &Context,
) -> FileState {
    let now = SystemTime::now();
    let (stamp, outcome) = match open(path) {
        Ok((file, stamp)) => {
            let known = Known::of(&previous);
            let file = BufReader::with_capacity(64 << 10, file);
            let format = Format::of(path);
            let reading = Reading { path: Arc::new(path.to_owned()), format, known, context };
            (stamp.is_settled(now).then_some(stamp), reading.run(file, workers))
        }
        Err(error) => (None, Err(error)),
    };
    let (documents, mut faults) = match outcome {
        Ok(read) => read,
        Err(error) => (Vec::new(), vec![unreadable(path, &error)]),
    };
    let held_objects = previous.documents.iter().any(|document| !document.items.is_empty());
    let documents = match !faults.is_empty() && held_objects {
        true => {
            faults
                .iter_mut()
                .for_each(|fault| fault.message += "; what the file held before stays");
            previous.documents
        }
        false => documents,
    };
    FileState { stamp, documents, faults }
}

/// The documents of a text that lies in no file, and the verdicts on those that do not parse.
pub(crate) fn read_text(text: &[u8], context: &Context) -> (Vec<DocumentState>, Vec<Verdict>) {
    let path = Arc::new(PathBuf::from("-"));
    let known = Known::default();
    let reading = Reading { path, format: Format::Yaml, known, context };
    reading
        .run(text, 1)
        .unwrap_or_else(|error| (Vec::new(), vec![unreadable(Path::new("-"), &error)]))
}

fn open(path: &Path) -> io::Result<(File, Stamp)> {
    // Opening a pipe would wait for its writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    Ok((file, stamp))
}

fn unreadable(path: &Path, error: &io::Error) -> Verdict {
    let message = format!("{} cannot be read: {error}; correct or remove it", path.display());
    let origin = Origin { file: Arc::new(path.to_owned()), line: 1 };
    Verdict::rejected(file_reference(&origin), Reason::InvalidFile, message)
        .from_origin(Some(origin))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Yaml,
    Json,
}

impl Format {
    fn of(path: &Path) -> Self {
        match path.extension().is_some_and(|extension| extension == "json") {
            true => Self::Json,
            false => Self::Yaml,
        }
    }
}

struct Reading<'a> {
    path: Arc<PathBuf>,
    format: Format,
    known: Known<'a>,
    context: &'a Context,
}

type Parsed = Result<DocumentState, Verdict>;

impl Reading<'_> {
    /// Parses all documents, in as many threads as `workers` says.
    fn run(
        &self,
        mut input: impl BufRead + Send,
        workers: usize,
    ) -> io::Result<(Vec<DocumentState>, Vec<Verdict>)> {
        let mut parsed = match self.format {
            Format::Yaml => self.run_yaml(input, workers)?,
            Format::Json => {
                let mut text = Vec::new();
                input.by_ref().take(MAX_DOCUMENT as u64 + 1).read_to_end(&mut text)?;
                let text = (text.len() <= MAX_DOCUMENT).then_some(text);
                vec![(0, self.parse(&Document { start: 1, line: 1, text }))]
            }
        };
        parsed.sort_unstable_by_key(|(index, _)| *index);
        let (mut documents, mut faults) = (Vec::with_capacity(parsed.len()), Vec::new());
        for (_, document) in parsed {
            match document {
                Ok(document) => documents.push(document),
                Err(verdict) => faults.push(verdict),
            }
        }
        Ok((documents, faults))
    }

    fn run_yaml(
        &self,
        input: impl BufRead + Send,
        workers: usize,
    ) -> io::Result<Vec<(usize, Parsed)>> {
        let queue = Mutex::new(Queue { documents: Documents::new(input), taken: 0 });
        if workers <= 1 {
            return self.work(&queue);
        }
        thread::scope(|scope| {
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(|| self.work(&queue))).collect();
            let mut parsed = self.work(&queue)?;
            for other in others {
                // A panic of a worker is a panic of the reading.
                parsed
                    .extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(parsed)
        })
    }

    fn work<R: BufRead>(&self, queue: &Mutex<Queue<R>>) -> io::Result<Vec<(usize, Parsed)>> {
        let mut parsed = Vec::new();
        loop {
            // A worker that panicked ends the reading anyway.
            let batch = queue.lock().unwrap_or_else(PoisonError::into_inner).take()?;
            if batch.is_empty() {
                return Ok(parsed);
            }
            parsed.extend(batch.iter().map(|(index, document)| (*index, self.parse(document))));
        }
    }

    fn parse(&self, document: &Document) -> Parsed {
        let origin = Origin { file: self.path.clone(), line: document.line };
        let Some(text) = &document.text else {
            let message = format!(
                "line {}: the document has more than {} MiB: split it",
                document.line,
                MAX_DOCUMENT >> 20
            );
            return Err(self.broken(document.line, message));
        };
        let hash = FixedState::default().hash_one(text);
        if let Some(state) = self.known.document(hash, &origin) {
            return Ok(state);
        }
        let items = match self.format {
            Format::Yaml => {
                let value = syntax::yaml(text).map_err(|error| self.syntax(document, error))?;
                object::read(value, &origin, self.context)
            }
            Format::Json => {
                let values = syntax::json(text).map_err(|error| self.syntax(document, error))?;
                let read = |(line, value)| {
                    object::read(value, &Origin { file: self.path.clone(), line }, self.context)
                };
                values.into_iter().flat_map(read).collect()
            }
        };
        let items = items.into_iter().map(|item| self.known.item(item)).collect();
        Ok(DocumentState { hash, origin, items })
    }

    /// Lines of the error count from the document's first.
    fn syntax(&self, document: &Document, mut error: SyntaxError) -> Verdict {
        error.line = document.start.saturating_add(error.line - 1);
        let line = error.line;
        self.broken(line, error.to_string())
    }

    fn broken(&self, line: u32, message: String) -> Verdict {
        let origin = Origin { file: self.path.clone(), line };
        Verdict::rejected(file_reference(&origin), Reason::InvalidFile, message)
            .from_origin(Some(origin))
    }
}

/// The documents that no worker has taken yet.
struct Queue<R> {
    documents: Documents<R>,
    taken: usize,
}

impl<R: BufRead> Queue<R> {
    fn take(&mut self) -> io::Result<Vec<(usize, Document)>> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_DOCUMENTS && bytes < BATCH_BYTES {
            let Some(document) = self.documents.next()? else { break };
            bytes += document.text.as_ref().map_or(0, Vec::len);
            batch.push((self.taken, document));
            self.taken += 1;
        }
        Ok(batch)
    }
}
