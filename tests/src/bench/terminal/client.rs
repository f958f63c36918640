//! The real client on a terminal of its own, read as it writes.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use pty_process::blocking::{Command, Pty};

/// No figure is worth waiting longer for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client that runs.
pub(super) struct Client {
    pty: Arc<Pty>,
    child: Child,
    shown: Arc<Shown>,
}

/// What has arrived at the terminal, and a bell for more.
struct Shown {
    arrived: Mutex<Arrived>,
    bell: Condvar,
}

struct Arrived {
    parser: vt100::Parser,
    bytes: usize,
}

impl Client {
    /// Starts it at a socket, with so many columns and rows.
    pub(super) fn start(socket: &Path, (columns, rows): (u16, u16)) -> anyhow::Result<Self> {
        let (pty, shell) = pty_process::blocking::open().context("open a terminal")?;
        pty.resize(pty_process::Size::new(rows, columns)).context("size it")?;
        let command = Command::new(std::env::current_exe()?)
            .args(["client", "--", "--socket"])
            .arg(socket)
            .env_clear()
            .envs([("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("HOME", "/nonexistent")]);
        let child = command.spawn(shell).context("start the client")?;
        let some = |n| NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN);
        let parser = vt100::Parser::new(some(rows), some(columns), 0);
        let arrived = Mutex::new(Arrived { parser, bytes: 0 });
        let (pty, shown) = (Arc::new(pty), Arc::new(Shown { arrived, bell: Condvar::new() }));
        std::thread::spawn({
            let (pty, shown) = (Arc::clone(&pty), Arc::clone(&shown));
            move || shown.read(&pty)
        });
        Ok(Self { pty, child, shown })
    }

    /// Presses keys.
    pub(super) fn press(&self, keys: &str) -> anyhow::Result<()> {
        (&*self.pty).write_all(keys.as_bytes()).context("press keys")
    }

    /// How many bytes it has written.
    pub(super) fn bytes(&self) -> usize {
        self.shown.lock().bytes
    }

    /// What the screen shows.
    pub(super) fn text(&self) -> String {
        self.shown.lock().parser.screen().contents()
    }

    /// Returns as soon as the screen is as wanted.
    pub(super) fn until(&self, wanted: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let start = Instant::now();
        let mut arrived = self.shown.lock();
        loop {
            let text = arrived.parser.screen().contents();
            if wanted(&text) {
                return Ok(());
            }
            let left = PATIENCE.checked_sub(start.elapsed());
            let left = left.with_context(|| format!("the screen does not come:\n{text}"))?;
            let woken = self.shown.bell.wait_timeout(arrived, left);
            arrived = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have gone by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shown {
    fn lock(&self) -> MutexGuard<'_, Arrived> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, pty: &Pty) {
        let mut buffer = [0_u8; 16_384];
        while let Ok(count @ 1..) = (&*pty).read(&mut buffer) {
            let Some(bytes) = buffer.get(..count) else { return };
            let mut arrived = self.lock();
            arrived.parser.process(bytes);
            arrived.bytes += count;
            drop(arrived);
            self.bell.notify_all();
        }
    }
}
