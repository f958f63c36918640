//! One write per frame: what is drawn gathers in memory, and an unchanged frame costs no byte.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

/// What the backend writes behind every frame, changed or not: colours and attributes reset, cursor
/// hidden.
const TRAILER: &[u8] = b"\x1b[39m\x1b[49m\x1b[59m\x1b[0m\x1b[?25l";

/// Frames from this size on are bracketed, so that terminals show them at once.
const SYNC_FROM: usize = 2_048;

/// Takes what the backend writes; a clone shares the same frame.
#[derive(Debug, Clone, Default)]
pub(crate) struct FrameWriter {
    frame: Rc<RefCell<Vec<u8>>>,
}

impl FrameWriter {
    /// Sends the gathered frame in one write; tells how many bytes that were.
    pub(crate) fn commit(&self, out: &mut impl Write, sync: bool) -> io::Result<usize> {
        let mut frame = self.frame.borrow_mut();
        if frame.is_empty() || frame.as_slice() == TRAILER {
            frame.clear();
            return Ok(0);
        }
        if sync && frame.len() >= SYNC_FROM {
            frame.splice(0..0, *b"\x1b[?2026h");
            frame.extend_from_slice(b"\x1b[?2026l");
        }
        let sent = frame.len();
        let result = out.write_all(&frame);
        frame.clear();
        result.map(|()| sent)
    }
}

impl Write for FrameWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Keeps the frame: only `commit` sends.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::CrosstermBackend;
    use ratatui::layout::Rect;
    use ratatui::{TerminalOptions, Viewport};

    use crate::app::look::{Look, Theme};
    use crate::app::model::Model;
    use crate::tests::world;

    /// Counts writes.
    #[derive(Default)]
    struct Sink {
        bytes: Vec<u8>,
        writes: usize,
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.bytes.extend_from_slice(bytes);
            self.writes += 1;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn draw(models: &[Model]) -> Vec<Sink> {
        let writer = FrameWriter::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, 80, 24));
        let backend = CrosstermBackend::new(writer.clone());
        let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
        models
            .iter()
            .map(|model| {
                let mut sink = Sink::default();
                terminal.draw(|frame| crate::view::draw(model, frame)).unwrap();
                writer.commit(&mut sink, true).unwrap();
                sink
            })
            .collect()
    }

    #[test]
    fn a_frame_is_one_write_and_an_unchanged_one_is_none() {
        let model = world::model();
        let frames = draw(&[model.clone(), model]);
        assert_eq!(frames[0].writes, 1);
        assert!(frames[0].bytes.starts_with(b"\x1b[?2026h"));
        assert_eq!((frames[1].writes, frames[1].bytes.len()), (0, 0));
    }

    #[test]
    fn a_second_that_passes_costs_few_bytes() {
        let model = world::model();
        let mut later = model.clone();
        later.local = later.local.plus(1_000);
        let frames = draw(&[model, later]);
        assert!((1..600).contains(&frames[1].bytes.len()), "{}", frames[1].bytes.len());
    }

    #[test]
    fn without_colours_the_selection_is_still_reversed() {
        crossterm::style::force_color_output(true);
        let mut model = world::model();
        model.look = Look { theme: Theme::Mono, ..Look::default() };
        let bytes = draw(&[model]).remove(0).bytes;
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\x1b[7m"), "{text}");
        assert!(!text.contains("\x1b[;m") && !text.contains("38;5"), "{text}");
    }

    #[test]
    fn a_login_label_is_a_hyperlink_where_the_terminal_can() {
        let mut model = world::waiting_for_login();
        model.look.links = true;
        let bytes = draw(&[model]).remove(0).bytes;
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\x1b]8;id=muster;https://kite.zerodha.com"), "{text}");
    }
}
