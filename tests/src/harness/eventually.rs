//! Waiting for a condition instead of for a time.

use std::time::Duration;

/// How long a condition may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Returns once the condition holds; an error that names it if it never does.
pub async fn eventually(what: &str, holds: impl AsyncFnMut() -> bool) -> anyhow::Result<()> {
    eventually_within(PATIENCE, what, holds).await
}

/// The same with another patience.
pub async fn eventually_within(
    patience: Duration,
    what: &str,
    mut holds: impl AsyncFnMut() -> bool,
) -> anyhow::Result<()> {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(PAUSE).await;
        }
    };
    let waited = tokio::time::timeout(patience, waiting).await;
    waited.map_err(|_| anyhow::anyhow!("after {} s still not: {what}", patience.as_secs()))
}
