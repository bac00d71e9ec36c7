//! Steps that go on when the connection breaks: a stop that was begun is brought to its end by
//! the host alone, and its result waits in a file.

use std::{path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::time::{Instant, sleep};

use super::{
    connection::{Connection, SCRIPT, mark},
    script::{Answer, NoAnswer, Script},
};
use crate::SiteError;

/// Time to connect again after the step itself should be done.
const GRACE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(1);

/// Runs `script` apart from the connection and waits for its result. A broken connection is made
/// anew until `within` and some grace have passed.
pub async fn run(
    connection: &Connection,
    state: &Path,
    script: &Script,
    within: Duration,
) -> Result<Answer, SiteError> {
    let (turn, inner) = (mark(), mark());
    let about = |body| Script::new(body).path("state", state).set("turn", &turn);
    let work = STANDARD.encode(script.text(&inner).as_bytes());
    let launch = about(include_str!("scripts/launch.sh")).set("work", work);
    let result = about(include_str!("scripts/result.sh"));
    let end = Instant::now() + within + GRACE;

    patiently(connection, &launch, end).await?;
    loop {
        let answer = patiently(connection, &result, end).await?;
        if let Some(said) = answer.line("result").and_then(|line| line.bytes(0)) {
            // Left behind, it would only take room.
            let _ = connection.run(&about(include_str!("scripts/forget.sh")), SCRIPT).await;
            return Answer::read(&said, &inner).map_err(|none| match none {
                NoAnswer::Problem(words) => connection.refused(words),
                other => connection.refused(format!("a step ended without an answer: {other:?}")),
            });
        }
        if Instant::now() > end {
            return Err(connection.too_slow("a step", within));
        }
    }
}

async fn patiently(
    connection: &Connection,
    script: &Script,
    end: Instant,
) -> Result<Answer, SiteError> {
    loop {
        match connection.run(script, SCRIPT).await {
            Err(SiteError::Unreachable { .. }) if Instant::now() < end => sleep(PAUSE).await,
            answered => return answered,
        }
    }
}
