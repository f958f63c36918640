//! A real daemon: in this process, or in one of its own that can be killed.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use anyhow::Context;
use musterd::config::Config;
use musterd::daemon::{DaemonError, Edges};
use musterd::passphrase::{Passphrase, Source};
use musterd::vault::KdfParams;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::World;
use super::clock::DayClock;
use super::eventually::eventually;

/// A daemon in this process.
pub struct Daemon {
    stop: CancellationToken,
    task: JoinHandle<Result<(), DaemonError>>,
}

pub(super) fn init(world: &World) -> anyhow::Result<()> {
    let config = Config::read(&world.config())?;
    musterd::daemon::init(&config, &passphrase(world)?, KdfParams::FLOOR)?;
    Ok(())
}

/// What opens the vault at the start; none if the world's file was taken away.
fn at_hand(world: &World) -> anyhow::Result<Option<Passphrase>> {
    let there = world.folder().join("passphrase").exists();
    there.then(|| passphrase(world)).transpose()
}

fn passphrase(world: &World) -> anyhow::Result<Passphrase> {
    let directory = world.folder().to_owned();
    let source = Source::Credential { directory, name: "passphrase".to_owned() };
    Ok(Passphrase::read(&source)?)
}

impl Daemon {
    pub(super) async fn start(world: &World) -> anyhow::Result<Self> {
        if world.logs {
            // Shown by the test runner when a test fails; a second call finds it done.
            drop(tracing_subscriber::fmt().with_test_writer().with_ansi(false).try_init());
        }
        let config = Config::read(&world.config())?;
        let stop = CancellationToken::new();
        let edges = Edges { clock: Arc::new(DayClock(world.clock.clone())), socket: None };
        let run = musterd::daemon::run(config, at_hand(world)?, edges, stop.clone());
        let daemon = Self { stop, task: tokio::spawn(run) };
        answers(world).await.context("start the daemon")?;
        Ok(daemon)
    }

    /// Stops it in order.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.task.await??;
        Ok(())
    }
}

pub(super) async fn refused(world: &World) -> anyhow::Result<String> {
    let config = Config::read(&world.config())?;
    let edges = Edges { clock: Arc::new(DayClock(world.clock.clone())), socket: None };
    let ran = musterd::daemon::run(config, at_hand(world)?, edges, CancellationToken::new());
    match ran.await {
        Ok(()) => anyhow::bail!("the daemon ran"),
        Err(error) => Ok(error.to_string()),
    }
}

async fn answers(world: &World) -> anyhow::Result<()> {
    eventually("the daemon answers on its socket", async || world.client().await.is_ok()).await
}

/// A daemon in a process of its own, its standard error in a file.
pub struct Outside {
    child: Child,
}

impl Outside {
    /// Starts `drill`, the test's own binary that runs the daemon under the sandbox's clock.
    pub async fn start(world: &World, drill: &Path) -> anyhow::Result<Self> {
        let outside = Self::spawn(world, drill, &[])?;
        answers(world).await.with_context(|| {
            std::fs::read_to_string(world.folder().join("stderr")).unwrap_or_default()
        })?;
        Ok(outside)
    }

    /// The same without waiting for it to answer, with more arguments.
    pub fn spawn(world: &World, drill: &Path, more: &[String]) -> anyhow::Result<Self> {
        let log = File::options().create(true).append(true).open(world.folder().join("stderr"))?;
        let reading = world.clock.reading();
        let (wall, exchange) = super::clock_anchor(&world.clock);
        let child = Command::new(drill)
            .arg("musterd")
            .arg("--config")
            .arg(world.config())
            .arg("--passphrase-file")
            .arg(world.folder().join("passphrase"))
            .args(["--anchor".to_owned(), wall.to_string(), exchange.to_string()])
            .args(["--speed".to_owned(), reading.speed.to_string()])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("start the daemon's process")?;
        Ok(Self { child })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and wait until it is gone.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        // A test that failed leaves no daemon behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
