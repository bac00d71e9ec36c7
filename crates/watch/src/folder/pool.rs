//! Reads many files at once: small ones side by side, large ones one after the other with all
//! hands on each.

use std::{
    num::NonZero,
    sync::{Mutex, PoisonError},
    thread,
};

use super::{
    file::{self, FileState},
    walk::FileKey,
};
use crate::read::Context;

/// Files at least this large are parsed by all workers together.
const LARGE: u64 = 1 << 20;

/// How many files a worker takes at once.
const BATCH: usize = 16;

/// A file, what it held before, and its size.
pub(crate) type Unread = (FileKey, FileState, u64);
type Read = (FileKey, FileState);

pub(crate) fn read(files: Vec<Unread>, context: &Context) -> Vec<Read> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let (large, small): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.2 >= LARGE);
    let mut read: Vec<Read> = large
        .into_iter()
        .map(|(key, previous, _)| {
            let state = file::read(&key.path, previous, workers, context);
            (key, state)
        })
        .collect();
    let workers = workers.min(small.len().div_ceil(BATCH));
    let queue = Mutex::new(small.into_iter());
    if workers <= 1 {
        read.extend(work(&queue, context));
        return read;
    }
    thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(|| work(&queue, context))).collect();
        read.extend(work(&queue, context));
        for other in others {
            // A panic of a worker is a panic of the reading.
            read.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    read
}

fn work(queue: &Mutex<std::vec::IntoIter<Unread>>, context: &Context) -> Vec<Read> {
    let mut read = Vec::new();
    loop {
        let batch: Vec<_> = {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.by_ref().take(BATCH).collect()
        };
        if batch.is_empty() {
            return read;
        }
        for (key, previous, _) in batch {
            let state = file::read(&key.path, previous, 1, context);
            read.push((key, state));
        }
    }
}
