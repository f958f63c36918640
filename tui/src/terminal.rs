//! The terminal: taken over once, given back on every way out.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::app::layout::Size;
use crate::app::model::Model;
use crate::frame::FrameWriter;
use crate::view;

/// Alternate screen, bracketed paste, no cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// The reverse, whatever was on: attributes, synchronised output, paste, cursor, screen.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// The terminal while it is ours.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<FrameWriter>>,
    writer: FrameWriter,
    sync: bool,
    ours: Arc<AtomicBool>,
}

impl Screen {
    /// Takes the terminal over. Nothing here waits for an answer from it.
    pub(crate) fn enter(sync: bool) -> io::Result<Self> {
        // The theme decides about colours: under NO_COLOR crossterm would reset attributes, and the
        // selection would vanish.
        crossterm::style::force_color_output(true);
        let writer = FrameWriter::default();
        let terminal = Terminal::new(CrosstermBackend::new(writer.clone()))?;
        let screen = Self { terminal, writer, sync, ours: Arc::new(AtomicBool::new(false)) };
        screen.take()?;
        Ok(screen)
    }

    /// The size in columns and rows.
    pub(crate) fn size() -> Size {
        let (width, height) = crossterm::terminal::size().unwrap_or((80, 24));
        Size { width, height }
    }

    /// A handle by which the panic hook gives the terminal back.
    pub(crate) fn handle(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.ours)
    }

    /// True when the terminal takes bytes: a frame is never started that would have to wait.
    pub(crate) fn is_ready() -> bool {
        let stdout = rustix::stdio::stdout();
        let mut fds = [PollFd::from_borrowed_fd(stdout, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    /// Draws one frame; nothing while the terminal is the shell's.
    pub(crate) fn draw(&mut self, model: &Model) -> io::Result<()> {
        if !self.ours.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.terminal.draw(|frame| view::draw(model, frame))?;
        self.writer.commit(&mut Stdout, self.sync).map(drop)
    }

    /// Sends bytes between two frames.
    pub(crate) fn send(bytes: &[u8]) -> io::Result<()> {
        Stdout.write_all(bytes)
    }

    /// Makes the next frame paint every cell.
    pub(crate) fn repaint(&mut self) -> io::Result<()> {
        let Size { width, height } = Self::size();
        self.terminal.resize(Rect::new(0, 0, width, height))
    }

    /// Gives the terminal back and stops. It is taken over again when the process is continued: code
    /// after the stop may still run before it, so nothing here may follow it.
    pub(crate) fn suspend(&self) -> io::Result<()> {
        restore(&self.ours);
        // Raw mode made Ctrl-Z a key; SIGTSTP raised by oneself is dropped in an orphaned group.
        let ourselves = rustix::process::getpid();
        Ok(rustix::process::kill_process(ourselves, rustix::process::Signal::STOP)?)
    }

    /// Takes the terminal over again after the process was continued, whoever stopped it: the shell
    /// has set modes of its own meanwhile.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        crossterm::terminal::disable_raw_mode()?;
        self.take()?;
        self.repaint()
    }

    fn take(&self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        self.ours.store(true, Ordering::SeqCst);
        Stdout.write_all(ENTER)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore(&self.ours);
    }
}

/// Gives the terminal back. May be called from anywhere, any number of times.
pub(crate) fn restore(ours: &AtomicBool) {
    if ours.swap(false, Ordering::SeqCst) {
        // On the way out there is nobody left to tell.
        drop(Stdout.write_all(LEAVE));
        drop(crossterm::terminal::disable_raw_mode());
    }
}

/// Standard output without a buffer of its own: a frame is one write.
struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
