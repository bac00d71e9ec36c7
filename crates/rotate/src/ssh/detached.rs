//! Steps that go on when the connection breaks: a stop that was begun is brought to its end by
//! the host alone, and its result waits in a file. Connecting again is for whoever asked.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::time::Instant;

use super::{
    connection::{Connection, SCRIPT, mark},
    script::{Answer, NoAnswer, Script},
};
use crate::SiteError;

/// Time that a step may take beside what it waits for.
const GRACE: Duration = Duration::from_secs(30);

/// Steps of a host that were begun and whose result was not read yet.
#[derive(Default)]
pub struct Begun(Mutex<BTreeMap<String, Step>>);

#[derive(Clone)]
struct Step {
    turn: String,
    /// Around what it says.
    mark: String,
    end: Instant,
}

/// Runs `script` apart from the connection and waits for its result. When the connection breaks
/// that is an error like any other; the same script, asked for again, is the step that was begun.
pub async fn run(
    connection: &Connection,
    begun: &Begun,
    state: &Path,
    script: &Script,
    within: Duration,
) -> Result<Answer, SiteError> {
    let step = begun.step(script, within + GRACE);
    let about = |body| Script::new(body).path("state", state).set("turn", &step.turn);
    let work = STANDARD.encode(script.text(&step.mark).as_bytes());
    let launch = about(include_str!("scripts/launch.sh")).set("work", work);
    let result = about(include_str!("scripts/result.sh"));

    connection.run(&launch, SCRIPT).await?;
    loop {
        let answer = connection.run(&result, SCRIPT).await?;
        if let Some(said) = answer.line("result").and_then(|line| line.bytes(0)) {
            begun.forget(script);
            // Left behind, it would only take room.
            let _ = connection.run(&about(include_str!("scripts/forget.sh")), SCRIPT).await;
            return Answer::read(&said, &step.mark).map_err(|none| match none {
                NoAnswer::Problem(words) => connection.refused(words),
                other => connection.refused(format!("a step ended without an answer: {other:?}")),
            });
        }
        if Instant::now() > step.end {
            begun.forget(script);
            return Err(connection.too_slow("a step", within));
        }
    }
}

impl Begun {
    fn step(&self, script: &Script, within: Duration) -> Step {
        let mut steps = self.steps();
        steps.retain(|_, step| step.end > Instant::now());
        let new = || Step { turn: mark(), mark: mark(), end: Instant::now() + within };
        steps.entry(name(script)).or_insert_with(new).clone()
    }

    fn forget(&self, script: &Script) {
        self.steps().remove(&name(script));
    }

    fn steps(&self) -> MutexGuard<'_, BTreeMap<String, Step>> {
        // Nothing that holds it can leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a step does is what it is known by; as a digest, since it may hold a secret.
fn name(script: &Script) -> String {
    crate::digest::sha256(script.text("").as_bytes())
}
