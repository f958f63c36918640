//! The screen without a terminal, for who measures it: a snapshot in, frames out, their cost counted.

use std::io::{self, Write};
use std::time::Duration;

use muster_protocol::event::Snapshot;
use muster_protocol::time::Timestamp;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use tokio::time::Instant;

use crate::app::key::Key;
use crate::app::layout::Size;
use crate::app::look::Look;
use crate::app::model::Model;
use crate::app::msg::{LinkNews, Msg};
use crate::app::update::update;
use crate::frame::FrameWriter;

/// The client's two pure halves and the writer of its frames.
pub struct Rehearsal {
    model: Model,
    terminal: Terminal<CrosstermBackend<FrameWriter>>,
    writer: FrameWriter,
}

/// What one frame cost.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// From the model to the bytes.
    pub took: Duration,
    /// How many bytes the terminal got.
    pub bytes: usize,
    /// In how many writes.
    pub writes: usize,
}

impl Rehearsal {
    /// A client that has heard the snapshot, on a terminal of so many columns and rows.
    pub fn new(snapshot: Snapshot, width: u16, height: u16) -> io::Result<Self> {
        let mut model = Model::new(Size { width, height }, Look::default(), false);
        let news = LinkNews::Snapshot(Box::new(snapshot));
        update(&mut model, Timestamp::from_millis(0), Msg::Link(news));
        let writer = FrameWriter::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        let backend = CrosstermBackend::new(writer.clone());
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport })?;
        Ok(Self { model, terminal, writer })
    }

    /// Presses a key and takes the change in.
    pub fn press(&mut self, key: char) {
        let now = self.model.local;
        update(&mut self.model, now, Msg::Key(Key::Char(key)));
    }

    /// Draws one frame.
    pub fn draw(&mut self) -> io::Result<Frame> {
        let start = Instant::now();
        self.terminal.draw(|frame| crate::view::draw(&self.model, frame))?;
        let mut sink = Sink::default();
        let bytes = self.writer.commit(&mut sink, true)?;
        Ok(Frame { took: start.elapsed(), bytes, writes: sink.writes })
    }
}

/// Counts what would go to a terminal.
#[derive(Default)]
struct Sink {
    writes: usize,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes = self.writes.saturating_add(1);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
