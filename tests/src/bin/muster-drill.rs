//! The product's two programs as tests run them: `muster-drill musterd …` is the real daemon under
//! an exchange clock that is given as an anchor, in a process that can be killed; `muster-drill muster …`
//! is the real client, argument for argument, and `muster-drill fragile --socket SOCKET` one that fails when
//! `!` is pressed; `muster-drill keeper …` is the real `musterd` for what is done without a daemon;
//! `muster-drill panics FILE` panics with a file's text as the daemon would;
//! `muster-drill relay SOCKET` joins a socket to standard
//! input and output, so that a test can speak as another user; `muster-drill kills --count 10000` kills
//! the daemon so often while the brokers misbehave, and counts; `muster-drill clock N` waits N times for
//! an instant as the daemon does, and prints how late it woke.

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
use musterd::clock::{Clock, SystemClock};
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
    /// Have whoever passes this point so many times panic with the passphrase in its words: `POINT:PASS`.
    #[arg(long)]
    panic_at: Option<String>,
    /// Let panics print what they like, as no `musterd` does.
    #[arg(long)]
    loud: bool,
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
    if arguments.get(1).is_some_and(|program| program == "keeper") {
        arguments.remove(1);
        return musterd::cli::main_with(arguments);
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
    if let [_, program, rounds] = arguments.as_slice()
        && program == "clock"
    {
        let rounds = rounds.to_str().and_then(|text| text.parse().ok()).unwrap_or(20);
        return match lateness(rounds) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    if let [_, program, file] = arguments.as_slice()
        && program == "panics"
    {
        return panics(Path::new(file));
    }
    if let [_, program, _, socket] = arguments.as_slice()
        && program == "fragile"
    {
        return fragile(Path::new(socket));
    }
    if arguments.len() > 1 {
        arguments.remove(1);
    }
    muster_tui::main_with(arguments)
}

/// How late the machine's own clock wakes the daemon for an instant half a second away.
fn lateness(rounds: usize) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut late_us: Vec<i64> = runtime.block_on(async {
        let clock = SystemClock::new(musterd::clock::timesyncd());
        let mut late_us = Vec::new();
        for round in 0..rounds {
            let odd = i64::try_from(round % 97).unwrap_or(0);
            let at = clock.now().plus(500 + odd);
            while clock.now() < at {
                clock.sleep_until(at).await;
            }
            late_us.push(clock.shown().wall_us - at.millis() * 1_000);
        }
        late_us
    });
    late_us.sort_unstable();
    let of =
        |percent: usize| late_us.get((late_us.len() - 1) * percent / 100).copied().unwrap_or(0);
    writeln!(
        std::io::stdout(),
        "{{\"rounds\":{rounds},\"p50_us\":{},\"p99_us\":{},\"max_us\":{}}}",
        of(50),
        of(99),
        of(100)
    )?;
    Ok(())
}

/// Panics in every way that quotes what is worked on, here a text with a secret in it; the daemon's own
/// words on each go to standard error.
#[expect(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "these are the ways")]
fn panics(file: &Path) -> ExitCode {
    musterd::cli::quiet_panics();
    let Ok(secret) = std::fs::read_to_string(file) else { return ExitCode::FAILURE };
    let text = || format!("{secret}₹");
    let ways: [(&str, Way); 6] = [
        ("a format", |text| panic!("it is {text}")),
        ("a cut", |text| drop(text[..text.len() - 1].to_owned())),
        ("an error", |text| refused(text).unwrap()),
        ("an expectation", |text| refused(text.into_bytes()).expect("bytes")),
        ("a comparison", |text| assert_eq!(text, "something else")),
        ("a payload", |text| std::panic::panic_any(text)),
    ];
    for (name, way) in ways {
        let text = text();
        let ended = std::thread::Builder::new().name(name.to_owned()).spawn(move || way(text));
        if ended.is_ok_and(|thread| thread.join().is_ok()) {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Something that panics over a text.
type Way = fn(String);

/// An error that quotes what it is about.
const fn refused<T>(what: T) -> Result<(), T> {
    Err(what)
}

/// The client's screen, with a key that makes it fail.
fn fragile(socket: &Path) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let Ok(runtime) = runtime else { return ExitCode::FAILURE };
    let options = muster_tui::Options {
        fails_on: Some('!'),
        ..muster_tui::Options::detect(socket.to_owned())
    };
    match runtime.block_on(muster_tui::run_terminal(options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
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

/// A place and a pass of it.
fn place(text: &str) -> anyhow::Result<(Point, u32)> {
    let (name, pass) = text.split_once(':').context("a place is POINT:PASS")?;
    let point = Point::named(name).with_context(|| format!("there is no point {name}"))?;
    Ok((point, pass.parse()?))
}

fn arm(drill: &Drill) -> anyhow::Result<()> {
    let mut armed = true;
    if let Some(at) = &drill.fail_at {
        let (point, pass) = place(at)?;
        armed = failpoint::arm(point, pass);
    }
    if let Some(at) = &drill.panic_at {
        let (point, pass) = place(at)?;
        let words = format!("it cannot be {:?}", std::fs::read_to_string(&drill.passphrase_file)?);
        armed &= failpoint::arm_panic(point, pass, words);
    }
    anyhow::ensure!(armed, "only a debug build can be armed, and once");
    Ok(())
}

fn daemon(drill: &Drill) -> anyhow::Result<()> {
    if !drill.loud {
        musterd::cli::quiet_panics();
    }
    arm(drill)?;
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
