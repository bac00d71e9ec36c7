//! A panic in a task would go unseen, since tokio catches it. Here it fails the test it
//! happened in.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex},
    thread,
};

/// Names of threads that panicked. A test's own tasks run on its thread, or on tokio's workers.
static PANICKED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(|| {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        tell(info);
        PANICKED.lock().unwrap().insert(thread_name());
    }));
    Mutex::default()
});

/// While it lives, every panic is noted.
pub struct NoPanics;

impl NoPanics {
    pub fn new() -> Self {
        drop(PANICKED.lock());
        Self
    }
}

impl Drop for NoPanics {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        let panicked = PANICKED.lock().unwrap();
        let own = panicked.contains(&thread_name());
        let workers = panicked.iter().any(|name| name.starts_with("tokio"));
        drop(panicked);
        assert!(!own && !workers, "a task panicked, see above");
    }
}

fn thread_name() -> String {
    thread::current().name().unwrap_or("tokio").to_owned()
}
