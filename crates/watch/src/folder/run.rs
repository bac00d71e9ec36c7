//! The loop around the folder: notices in, Worlds out. Decides nothing.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;
use translate::{World, world::Console};

use super::{Change, Folder, notices::Notices, settle::Settle};

/// How often everything is looked at without a notice: notices may be lost, and file systems on
/// the network give none.
const LOOK: Duration = Duration::from_secs(30);
/// The same where no notices can be had.
const LOOK_WHEN_BLIND: Duration = Duration::from_secs(1);

impl Folder {
    /// Publishes a World whenever an object or the console changes, until it is cancelled.
    pub async fn run(
        self,
        worlds: watch::Sender<Arc<World>>,
        mut console: watch::Receiver<Console>,
        cancel: CancellationToken,
    ) {
        let notices = Notices::of(&self.roots);
        let mut source = Source { folder: self, notices };
        let mut settle = Settle::default();
        let mut next_look = Instant::now();
        let mut console_open = true;
        if source.folder.set_console(&console.borrow_and_update()) {
            worlds.send_replace(source.folder.world.clone());
        }
        loop {
            let due = settle.due().map_or(next_look, |due| due.min(next_look));
            tokio::select! {
                () = cancel.cancelled() => return,
                notice = source.notices.next() => settle.notice(notice, Instant::now()),
                changed = console.changed(), if console_open => {
                    console_open = changed.is_ok();
                    if source.folder.set_console(&console.borrow_and_update()) {
                        worlds.send_replace(source.folder.world.clone());
                    }
                }
                () = time::sleep_until(due) => {
                    let now = Instant::now();
                    let mut change = settle.take(now);
                    if next_look <= now {
                        change.all = true;
                        source.notices.watch_anew();
                    }
                    let Some(looked) = source.look(change).await else { return };
                    source = looked.0;
                    if looked.1 {
                        worlds.send_replace(source.folder.world.clone());
                    }
                    if next_look <= now {
                        let pause = if source.notices.blind { LOOK_WHEN_BLIND } else { LOOK };
                        next_look = Instant::now() + pause;
                    }
                }
            }
        }
    }

    /// Takes over what the console changed; true when that is news.
    fn set_console(&mut self, console: &Console) -> bool {
        let news = self.world.console != *console;
        if news {
            let mut world = World::clone(&self.world);
            world.console = console.clone();
            self.world = Arc::new(world);
        }
        news
    }
}

struct Source {
    folder: Folder,
    notices: Notices,
}

impl Source {
    /// Reads what changed, away from the tasks that serve. `None` when the runtime is going down.
    async fn look(mut self, change: Change) -> Option<(Self, bool)> {
        task::spawn_blocking(move || {
            let notices = &mut self.notices;
            if change.all {
                notices.watch_above();
            }
            let news = self.folder.refresh(&change, &mut |folder| notices.watch(folder));
            (self, news)
        })
        .await
        .inspect_err(|error| tracing::error!("reading the manifests ended: {error}"))
        .ok()
    }
}

#[cfg(test)]
mod tests;
