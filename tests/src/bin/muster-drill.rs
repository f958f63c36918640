//! The product's two programs as tests run them: `muster-drill musterd …` is the real daemon under
//! an exchange clock that is given as an anchor, in a process that can be killed; `muster-drill muster …`
//! is the real client, argument for argument; `muster-drill relay SOCKET` joins a socket to standard
//! input and output, so that a test can speak as another user; `muster-drill kills --count 10000` kills
//! the daemon so often while the brokers misbehave, and counts.

use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use muster_tests::crash::{Count, Kills, at_random};
use muster_tests::harness::clock::DayClock;
use muster_tests::sandbox::SandboxClock;
use musterd::config::Config;
use musterd::daemon::{Edges, run};
use musterd::failpoint::{self, Point};
use musterd::passphrase::{Passphrase, Source};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The daemon, under another clock.
#[derive(Debug, Parser)]
#[command(name = "muster-drill musterd")]
struct Drill {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// The passphrase's file.
    #[arg(long)]
    passphrase_file: PathBuf,
    /// The same moment on this machine's clock and on the exchange's, in Unix milliseconds.
    #[arg(long, num_args = 2)]
    anchor: Vec<i64>,
    /// Exchange seconds a real second.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Kill the process when it passes this point so many times: `POINT:PASS`.
    #[arg(long)]
    fail_at: Option<String>,
}

/// Kills the daemon at any moment while the sandbox's faults strike, and starts it again until its runs
/// are over. Ends at the first run in which an order is there twice, lost, or counted wrongly.
#[derive(Debug, Parser)]
#[command(name = "muster-drill kills")]
struct KillsArguments {
    /// How many kills.
    #[arg(long, default_value_t = 200)]
    count: u64,
    /// Draws the moments and the faults; a fresh one if none is given.
    #[arg(long)]
    seed: Option<u64>,
    /// Worlds side by side.
    #[arg(long, default_value_t = 4)]
    grounds: u64,
}

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|program| program == "musterd") {
        arguments.remove(1);
        return match daemon(&Drill::parse_from(arguments)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!("{error:#}");
                ExitCode::FAILURE
            }
        };
    }
    if arguments.get(1).is_some_and(|program| program == "kills") {
        arguments.remove(1);
        return match kills(&KillsArguments::parse_from(arguments)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                drop(writeln!(std::io::stderr(), "muster-drill kills: {error:#}"));
                ExitCode::FAILURE
            }
        };
    }
    if let [_, program, socket] = arguments.as_slice()
        && program == "relay"
    {
        return match relay(Path::new(socket)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    if arguments.len() > 1 {
        arguments.remove(1);
    }
    muster_tui::main_with(arguments)
}

fn kills(arguments: &KillsArguments) -> anyhow::Result<()> {
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => getrandom::u64().context("draw a seed")?,
    };
    let say = |line: String| writeln!(std::io::stdout(), "{line}").context("standard output");
    say(format!("seed {seed}"))?;
    let kills = Kills { count: arguments.count, seed, grounds: arguments.grounds.max(1) };
    let told = Rc::new(Cell::new((0, Instant::now())));
    let tell = move |count: Count| {
        let (so_far, began) = told.get();
        told.set((so_far + count.kills, began));
        if (so_far + count.kills) / TELL_EVERY > so_far / TELL_EVERY {
            let seconds = began.elapsed().as_secs();
            drop(say(format!("{} kills in {seconds} s", so_far + count.kills)));
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let drill = std::env::current_exe()?;
    let count = runtime.block_on(at_random(&drill, kills, tell))?;
    say(serde_json::to_string(&count)?)
}

const TELL_EVERY: u64 = 100;

/// Ends when the daemon closes.
fn relay(socket: &Path) -> anyhow::Result<()> {
    let from = UnixStream::connect(socket)?;
    let to = from.try_clone()?;
    std::thread::spawn(move || pump(std::io::stdin(), to));
    // Not `Stdout`, which keeps a line back until it is full.
    pump(from, File::from(std::io::stdout().as_fd().try_clone_to_owned()?))
}

/// Passes bytes on as they come; `std::io::copy` may hold them until there are more.
fn pump(mut from: impl Read, mut to: impl Write) -> anyhow::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let read = from.read(&mut bytes)?;
        let Some(read) = bytes.get(..read).filter(|read| !read.is_empty()) else { return Ok(()) };
        to.write_all(read)?;
    }
}

fn arm(fail_at: &str) -> anyhow::Result<()> {
    let (name, pass) = fail_at.split_once(':').context("--fail-at takes POINT:PASS")?;
    let point = Point::named(name).with_context(|| format!("there is no point {name}"))?;
    anyhow::ensure!(failpoint::arm(point, pass.parse()?), "only a debug build can be armed");
    Ok(())
}

fn daemon(drill: &Drill) -> anyhow::Result<()> {
    drill.fail_at.as_deref().map_or(Ok(()), arm)?;
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let config = Config::read(&drill.config)?;
    let file = &drill.passphrase_file;
    let source = Source::Credential {
        directory: file.parent().context("the passphrase's folder")?.to_owned(),
        name: file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned(),
    };
    let passphrase = if file.exists() { Some(Passphrase::read(&source)?) } else { None };
    let [wall, exchange] = drill.anchor.as_slice() else {
        anyhow::bail!("--anchor takes two numbers")
    };
    let clock = SandboxClock::from_anchor(*wall, *exchange, drill.speed);
    let edges = Edges { clock: Arc::new(DayClock(clock)), socket: None };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let told = stop.clone();
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::spawn(async move {
            terminate.recv().await;
            told.cancel();
        });
        run(config, passphrase, edges, stop).await?;
        Ok(())
    })
}
