//! The terminal client in figures: how soon it is there, what it costs on a line, whether keys are
//! lost, how fresh the journal is.
#![expect(clippy::disallowed_types, reason = "a benchmark measures the real time")]

mod client;
pub mod crowd;
mod peer;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context;
use muster_protocol::event::Delta;
use muster_tui::figures::Rehearsal;
use serde::Serialize;

use self::client::Client;
use self::peer::Peer;

/// What was measured. The goals stand beside in `goals`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Figures {
    /// From the start of the process to a whole first frame, a daemon being there; the median.
    first_frame_ms: f64,
    /// The same without a daemon.
    first_frame_no_daemon_ms: f64,
    /// Bytes of a frame in which nothing changed.
    unchanged_frame_bytes: usize,
    /// Bytes a second of a client that is connected and left alone.
    idle_bytes_per_s: f64,
    /// Drawing 200x50 of 10,000 accounts, in microseconds; the median.
    draw_10k_us: f64,
    /// Bytes of the list scrolled by one row at 80x24.
    scroll_80x24_bytes: usize,
    /// In how many writes.
    scroll_writes: usize,
    /// Of 500 keys, 5 ms apart, while 5,000 changes a second arrive.
    keys_lost: usize,
    /// From the last of 100,000 journal entries sent within a second to its sight on the screen.
    journal_last_line_ms: f64,
}

const ACCOUNTS: u32 = 10_000;
const STARTS: usize = 11;
const KEYS: usize = 500;
const KEY_EVERY: Duration = Duration::from_millis(5);
/// Changes in each batch, one batch every 10 ms: 5,000 a second.
const BATCH: u32 = 50;
const BATCH_EVERY: Duration = Duration::from_millis(10);
const ENTRIES: u64 = 100_000;
const IDLE: Duration = Duration::from_secs(10);

/// Measures everything; says so on the way unless it is to be quiet.
pub fn measure(quiet: bool) -> anyhow::Result<Figures> {
    let say = |words: &str| {
        if !quiet {
            drop(writeln!(std::io::stderr(), "{words}"));
        }
    };
    say("drawing 10,000 accounts …");
    let (draw_10k_us, unchanged_frame_bytes) = drawing()?;
    let (scroll_80x24_bytes, scroll_writes) = scrolling()?;
    say("starting the client, eleven times without a daemon and with one …");
    let first_frame_no_daemon_ms = first_frame(None)?;
    let first_frame_ms = first_frame(Some(&Peer::start(crowd::snapshot(50))?))?;
    say("leaving it alone for ten seconds …");
    let idle_bytes_per_s = idle()?;
    say("500 keys under 5,000 changes a second …");
    let keys_lost = keys()?;
    say("100,000 journal entries …");
    let journal_last_line_ms = journal()?;
    let figures = Figures {
        first_frame_ms,
        first_frame_no_daemon_ms,
        unchanged_frame_bytes,
        idle_bytes_per_s,
        draw_10k_us,
        scroll_80x24_bytes,
        scroll_writes,
        keys_lost,
        journal_last_line_ms,
    };
    if !quiet {
        table(&figures)?;
    }
    Ok(figures)
}

/// Each figure and its goal, a line each.
fn table(figures: &Figures) -> anyhow::Result<()> {
    let goals = [
        ("first_frame_ms", figures.first_frame_ms, 50.0),
        ("first_frame_no_daemon_ms", figures.first_frame_no_daemon_ms, 50.0),
        ("unchanged_frame_bytes", real(figures.unchanged_frame_bytes), 0.0),
        ("idle_bytes_per_s", figures.idle_bytes_per_s, 40.0),
        ("draw_10k_us", figures.draw_10k_us, 1_000.0),
        ("scroll_80x24_bytes", real(figures.scroll_80x24_bytes), 2_200.0),
        ("scroll_writes", real(figures.scroll_writes), 1.0),
        ("keys_lost", real(figures.keys_lost), 0.0),
        ("journal_last_line_ms", figures.journal_last_line_ms, 200.0),
    ];
    for (name, figure, goal) in goals {
        let verdict = if figure <= goal { "ok" } else { "MISSED" };
        writeln!(std::io::stdout(), "{name:26} {figure:>10.1}   goal {goal:>7.1}   {verdict}")?;
    }
    Ok(())
}

fn real(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}

fn drawing() -> anyhow::Result<(f64, usize)> {
    let mut screen = Rehearsal::new(crowd::snapshot(ACCOUNTS), 200, 50)?;
    screen.draw()?;
    let unchanged = screen.draw()?.bytes;
    let mut took = Vec::new();
    for round in 0..200 {
        screen.press(if round % 2 == 0 { 'j' } else { 'k' });
        took.push(screen.draw()?.took.as_secs_f64() * 1e6);
    }
    Ok((median(took), unchanged))
}

/// The selection stands on the lowest row: the next one moves all of them.
fn scrolling() -> anyhow::Result<(usize, usize)> {
    let mut screen = Rehearsal::new(crowd::snapshot(ACCOUNTS), 80, 24)?;
    for _ in 0..20 {
        screen.press('j');
    }
    screen.draw()?;
    screen.press('j');
    let frame = screen.draw()?;
    Ok((frame.bytes, frame.writes))
}

fn first_frame(peer: Option<&Peer>) -> anyhow::Result<f64> {
    let nowhere = tempfile::tempdir()?;
    let nobody = nowhere.path().join("musterd.sock");
    let socket = peer.map_or(nobody.as_path(), Peer::socket);
    let mut took = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        let client = Client::start(socket, (80, 24))?;
        // The last line is drawn last: with it the frame is whole.
        client.until(|screen| screen.contains("1 Accounts") && screen.contains("? help"))?;
        took.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(took))
}

fn idle() -> anyhow::Result<f64> {
    let peer = Peer::start(crowd::snapshot(50))?;
    let client = Client::start(peer.socket(), (80, 24))?;
    client.until(|screen| screen.contains("50 accounts"))?;
    // What follows the first rows belongs to them.
    peer.rest(Duration::from_secs(1));
    let before = client.bytes();
    peer.rest(IDLE);
    Ok(real(client.bytes().saturating_sub(before)) / IDLE.as_secs_f64())
}

fn keys() -> anyhow::Result<usize> {
    let peer = Peer::start(crowd::snapshot(200))?;
    let client = Client::start(peer.socket(), (140, 24))?;
    client.until(|screen| screen.contains("200 accounts"))?;
    client.press("/")?;
    let flood = peer.flood(move |round| {
        let first = round * u64::from(BATCH);
        let numbers = (0..BATCH).map(|n| u32::try_from(first % 200).unwrap_or(0) + n);
        let deltas = numbers.map(|n| Delta::Account(Box::new(crowd::account(n % 200, round))));
        (deltas.collect(), BATCH_EVERY)
    });
    // Six letters and four steps back, fifty times: a key that is lost or out of place shows.
    let rounds: Vec<String> =
        (10..60).map(|round| format!("{round}wxyz\x7f\x7f\x7f\x7f")).collect();
    let keys = rounds.concat();
    anyhow::ensure!(keys.chars().count() == KEYS, "{} keys", keys.chars().count());
    for key in keys.chars() {
        client.press(&key.to_string())?;
        peer.rest(KEY_EVERY);
    }
    let stays: String = (10..60).map(|round| round.to_string()).collect();
    let shown = client.until(|screen| screen.contains(&format!(" /{stays} ")));
    drop(flood);
    if shown.is_ok() {
        return Ok(0);
    }
    let line = client.text().lines().find(|row| row.starts_with(" /")).unwrap_or(" /").to_owned();
    let right = line.chars().skip(2).zip(stays.chars()).take_while(|(a, b)| a == b).count();
    Ok(stays.len().saturating_sub(right).max(1))
}

fn journal() -> anyhow::Result<f64> {
    let peer = Peer::start(crowd::snapshot(50))?;
    let client = Client::start(peer.socket(), (80, 24))?;
    client.until(|screen| screen.contains("50 accounts"))?;
    client.press("4")?;
    client.until(|screen| screen.contains("Journal"))?;
    let sent = peer.entries(ENTRIES).context("send the journal's entries")?;
    client.until(|screen| screen.contains(&format!("entry {ENTRIES} of")))?;
    Ok(sent.elapsed().as_secs_f64() * 1e3)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::MAX)
}
