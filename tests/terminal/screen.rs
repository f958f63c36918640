//! A terminal of its own for one client: keys go in, what the screen shows comes out.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context;
use muster_tests::harness::eventually;
use pty_process::blocking::{Command, Pts, Pty};
use rustix::process::{Pid, Signal};

pub(crate) const ENTER: &str = "\r";
pub(crate) const ESC: &str = "\x1b";
pub(crate) const TAB: &str = "\t";
pub(crate) const BACKSPACE: &str = "\x7f";
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_Z: &str = "\x1a";

/// The program under test.
pub(crate) const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");

/// How a client is started.
pub(crate) struct Terminal<'a> {
    words: Vec<&'a OsStr>,
    size: (u16, u16),
    environment: Vec<(&'a str, &'a str)>,
    /// The program's first word: the client, or one that can be made to fail.
    tmux: Option<&'a Path>,
}

/// A client that runs, and the terminal it runs on.
pub(crate) struct Screen {
    pty: Arc<Pty>,
    /// Kept open as a shell would: the settings can be read after the client has gone.
    shell: Option<Pts>,
    child: Child,
    shown: Arc<Mutex<Shown>>,
    reader: Option<JoinHandle<()>>,
    /// The terminal's settings before the client came.
    before: String,
}

/// What has arrived at the terminal.
struct Shown {
    parser: vt100::Parser,
    bytes: Vec<u8>,
}

/// What is left when the client has gone.
pub(crate) struct Left {
    /// How it went.
    pub(crate) status: ExitStatus,
    bytes: Vec<u8>,
    /// True when the terminal is as it was.
    pub(crate) is_restored: bool,
    /// What the shell's screen shows.
    pub(crate) text: String,
}

impl Left {
    /// Whether the client ever wrote these words, in whatever case.
    pub(crate) fn has_written(&self, words: &str) -> bool {
        holds(&self.bytes, words)
    }
}

impl<'a> Terminal<'a> {
    /// A terminal of 80 columns and 24 rows for a client of this socket.
    pub(crate) fn of(socket: &'a Path) -> Self {
        let environment = vec![("TERM", "xterm-256color"), ("LANG", "C.UTF-8")];
        let words = vec![OsStr::new("muster"), OsStr::new("--socket"), socket.as_os_str()];
        Self { words, size: (80, 24), environment, tmux: None }
    }

    /// A terminal for `musterd` without a daemon, on the store of this configuration.
    pub(crate) fn without_daemon(config: &'a Path) -> Self {
        let words = vec![OsStr::new("keeper"), OsStr::new("--config"), config.as_os_str()];
        Self { words, ..Self::of(config) }
    }

    /// Asks for one thing instead of the screen.
    pub(crate) fn asking(mut self, words: &[&'a str]) -> Self {
        self.words.extend(words.iter().map(|word| OsStr::new(*word)));
        self
    }

    /// Another size, columns first.
    pub(crate) fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// One more variable.
    pub(crate) fn with(mut self, name: &'a str, value: &'a str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// A client that fails when `!` is pressed.
    pub(crate) fn fragile(mut self) -> Self {
        self.words[0] = OsStr::new("fragile");
        self
    }

    /// Within a tmux of its own, whose server listens at this path.
    pub(crate) fn within_tmux(mut self, server: &'a Path) -> Self {
        self.tmux = Some(server);
        self
    }

    /// Starts the client.
    pub(crate) fn open(self) -> anyhow::Result<Screen> {
        let (columns, rows) = self.size;
        let (pty, shell) = pty_process::blocking::open().context("open a terminal")?;
        pty.resize(pty_process::Size::new(rows, columns)).context("size it")?;
        let before = settings(&pty)?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let command = match self.tmux {
            None => Command::new(DRILL),
            Some(server) => Command::new("tmux")
                .arg("-S")
                .arg(server)
                .args(["-u", "-f", "/dev/null", "new-session"])
                .arg(DRILL)
                .env("PATH", path),
        };
        let command = command.args(self.words);
        let command = match self.tmux {
            None => command.env_clear(),
            Some(_) => command.env_remove("TMUX").env_remove("NO_COLOR").env_remove("LC_ALL"),
        };
        let mut command = command.envs(self.environment);
        let child = command.spawn_borrowed(&shell).context("start the client")?;
        let pty = Arc::new(pty);
        let (high, wide) = size(columns, rows);
        let parser = vt100::Parser::new(high, wide, 0);
        let shown = Arc::new(Mutex::new(Shown { parser, bytes: Vec::new() }));
        let reader = std::thread::spawn({
            let (pty, shown) = (Arc::clone(&pty), Arc::clone(&shown));
            move || read(&pty, &shown)
        });
        Ok(Screen { pty, shell: Some(shell), child, shown, reader: Some(reader), before })
    }
}

impl Screen {
    /// Presses keys, as the bytes a terminal sends for them.
    pub(crate) fn press(&self, keys: &str) -> anyhow::Result<()> {
        (&*self.pty).write_all(keys.as_bytes()).context("press keys")
    }

    /// Pastes, as a terminal does that was asked to bracket it.
    pub(crate) fn paste(&self, text: &str) -> anyhow::Result<()> {
        self.press(&format!("\x1b[200~{text}\x1b[201~"))
    }

    /// Returns once the screen shows all of the words.
    pub(crate) async fn shows(&self, words: &[&str]) -> anyhow::Result<()> {
        let what = format!("{words:?} on the screen");
        self.until(&what, |text| words.iter().all(|words| text.contains(words))).await
    }

    /// Returns once the screen's text is as wanted.
    pub(crate) async fn until(
        &self,
        what: &str,
        holds: impl Fn(&str) -> bool,
    ) -> anyhow::Result<()> {
        let shown = eventually(what, async || holds(&self.text())).await;
        shown.with_context(|| format!("the screen:\n{}", self.text()))
    }

    /// What the screen shows, one line a row.
    pub(crate) fn text(&self) -> String {
        self.look(vt100::Screen::contents)
    }

    /// The first row that holds the words.
    pub(crate) fn row(&self, words: &str) -> Option<String> {
        self.text().lines().find(|row| row.contains(words)).map(str::to_owned)
    }

    /// What stands reversed: the runs of such cells, row by row.
    pub(crate) fn reversed(&self) -> Vec<String> {
        self.look(|screen| {
            let (rows, columns) = screen.size();
            let mut runs = Vec::new();
            for y in 0..rows.get() {
                let mut run = String::new();
                for x in 0..=columns.get() {
                    match screen.cell(y, x).filter(|cell| cell.inverse()) {
                        Some(cell) if cell.has_contents() => run.push_str(cell.contents()),
                        Some(_) => run.push(' '),
                        None if run.is_empty() => {}
                        None => runs.push(std::mem::take(&mut run)),
                    }
                }
            }
            runs
        })
    }

    /// True when any cell has a colour of its own.
    pub(crate) fn has_colours(&self) -> bool {
        self.look(|screen| {
            let (rows, columns) = screen.size();
            let places = (0..rows.get()).flat_map(|y| (0..columns.get()).map(move |x| (y, x)));
            let mut cells = places.filter_map(|(y, x)| screen.cell(y, x));
            let plain = vt100::Color::Default;
            cells.any(|cell| cell.fgcolor() != plain || cell.bgcolor() != plain)
        })
    }

    /// Makes the terminal another size, columns first.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) -> anyhow::Result<()> {
        let (high, wide) = size(columns, rows);
        self.shown().parser.set_size(high, wide);
        self.pty.resize(pty_process::Size::new(rows, columns)).context("size the terminal")
    }

    /// True while the client has the terminal: alternate screen, no cursor, pastes bracketed.
    pub(crate) fn is_taken(&self) -> bool {
        self.look(|s| s.alternate_screen() && s.hide_cursor() && s.bracketed_paste())
    }

    /// True when nothing of that is on, and the settings are those from before.
    pub(crate) fn is_restored(&self) -> bool {
        let off = self.look(|s| !s.alternate_screen() && !s.hide_cursor() && !s.bracketed_paste());
        off && settings(&self.pty).is_ok_and(|now| now == self.before)
    }

    /// Whether the client has ever written these words, in whatever case.
    pub(crate) fn has_written(&self, words: &str) -> bool {
        holds(&self.shown().bytes, words)
    }

    /// How many bytes the client has written.
    pub(crate) fn written(&self) -> usize {
        self.shown().bytes.len()
    }

    /// Sends the client a signal.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(rustix::process::kill_process(self.pid()?, signal)?)
    }

    /// True while the client is stopped, as Ctrl-Z does it.
    pub(crate) fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" T")))
    }

    /// Waits until the client has gone; what is left of it.
    pub(crate) async fn ended(mut self) -> anyhow::Result<Left> {
        let mut status = None;
        let gone = eventually("the client has gone", async || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        });
        gone.await.with_context(|| format!("the screen:\n{}", self.text()))?;
        let settings_are_back = settings(&self.pty)? == self.before;
        // With the last hand off the terminal, the reader comes to its end.
        self.shell = None;
        if let Some(reader) = self.reader.take() {
            anyhow::ensure!(reader.join().is_ok(), "the reader failed");
        }
        let off = self.look(|s| !s.alternate_screen() && !s.hide_cursor() && !s.bracketed_paste());
        let bytes = std::mem::take(&mut self.shown().bytes);
        Ok(Left {
            status: status.unwrap_or(ExitStatus::from_raw(0)),
            bytes,
            is_restored: settings_are_back && off,
            text: self.text(),
        })
    }

    fn pid(&self) -> anyhow::Result<Pid> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        pid.context("a process without a number")
    }

    fn look<T>(&self, read: impl FnOnce(&vt100::Screen) -> T) -> T {
        read(self.shown().parser.screen())
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A test that failed leaves no client behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Rows, then columns, as the parser counts them.
fn size(columns: u16, rows: u16) -> (NonZeroU16, NonZeroU16) {
    let some = |n| NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN);
    (some(rows), some(columns))
}

/// Takes in what the client writes until nobody is left who could.
fn read(pty: &Pty, shown: &Mutex<Shown>) {
    let mut buffer = [0_u8; 8_192];
    loop {
        let Ok(count @ 1..) = (&*pty).read(&mut buffer) else { return };
        let Some(bytes) = buffer.get(..count) else { return };
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.parser.process(bytes);
        shown.bytes.extend_from_slice(bytes);
    }
}

fn holds(bytes: &[u8], words: &str) -> bool {
    String::from_utf8_lossy(bytes).to_lowercase().contains(&words.to_lowercase())
}

/// The terminal's settings, as text that can be compared.
fn settings(pty: &Pty) -> anyhow::Result<String> {
    Ok(format!("{:?}", rustix::termios::tcgetattr(pty).context("read the terminal's settings")?))
}
