//! One life of the daemon, in a process that may die at any moment.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use anyhow::ensure;
use muster_protocol::client::{CallError, Client};
use muster_protocol::ids::RunId;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{Call, ShowRun};

use crate::harness::{Outside, World};

/// What a process that was killed says of itself.
const SIGKILL: i32 = 9;

/// A life.
pub(super) struct Victim {
    process: Outside,
    client: Option<Client>,
}

impl Victim {
    /// Starts it; `fail_at` is `POINT:PASS`.
    pub(super) fn start(
        world: &World,
        drill: &Path,
        fail_at: Option<String>,
    ) -> anyhow::Result<Self> {
        let more = fail_at.map_or_else(Vec::new, |at| vec!["--fail-at".to_owned(), at]);
        Ok(Self { process: Outside::spawn(world, drill, &more)?, client: None })
    }

    /// Whether it was killed; an error if it ended in any other way.
    pub(super) fn is_dead(&mut self) -> anyhow::Result<bool> {
        let Some(status) = self.process.ended()? else { return Ok(false) };
        ensure!(status.signal() == Some(SIGKILL), "the daemon ended by itself: {status}");
        Ok(true)
    }

    /// Kills it.
    pub(super) fn kill(self) -> anyhow::Result<()> {
        self.process.kill()
    }

    /// Asks it; an error if it does not answer, or refuses.
    pub(super) async fn ask<C: Call>(
        &mut self,
        world: &World,
        call: C,
    ) -> anyhow::Result<C::Reply> {
        let client = match self.client.take() {
            Some(client) => client,
            None => world.client().await?.0,
        };
        let answer = client.call(call).await;
        if matches!(answer, Ok(_) | Err(CallError::Refused(_))) {
            self.client = Some(client);
        }
        Ok(answer?)
    }

    /// The runs as they are now; `None` while it does not answer or has not frozen them all.
    pub(super) async fn runs(&mut self, world: &World, runs: &[RunId]) -> Option<Vec<RunDetails>> {
        let mut found = Vec::new();
        for run in runs {
            found.push(self.ask(world, ShowRun { run: run.clone() }).await.ok()?);
        }
        Some(found)
    }
}
