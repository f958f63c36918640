//! One life of the daemon, in a process that may die at any moment.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use anyhow::{Context, ensure};
use muster_protocol::client::{CallError, Client};
use muster_protocol::halt::HaltScope;
use muster_protocol::ids::RunId;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{Call, Halt, Resume, ShowRun, Status};

use crate::harness::{Outside, World};

/// Nobody of this name is there: what is said of them stops no order.
const NOBODY: &str = "nobody";
/// What a process that was killed says of itself.
const SIGKILL: i32 = 9;

/// What is known of the halt that the person sets again and again: it is as it was acknowledged, or
/// unknown while an answer is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Halted {
    /// As acknowledged.
    Is(bool),
    /// Asked for, and never answered.
    #[default]
    Unknown,
}

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

    /// Checks that the halt is as it was acknowledged, then asks for the other; what is known then.
    pub(super) async fn turn_halt(
        &mut self,
        world: &World,
        known: Halted,
    ) -> anyhow::Result<Halted> {
        let scope = HaltScope::User(NOBODY.parse().context("a name")?);
        let Ok(status) = self.ask(world, Status {}).await else { return Ok(known) };
        let is = status.halts.contains(&scope);
        ensure!(
            known == Halted::Unknown || known == Halted::Is(is),
            "what was acknowledged is gone: {known:?}, and the halt is {is}"
        );
        let answered = if is {
            self.ask(world, Resume { scope }).await.is_ok()
        } else {
            self.ask(world, Halt { scope, cancel_open: false }).await.is_ok()
        };
        Ok(if answered { Halted::Is(!is) } else { Halted::Unknown })
    }
}
