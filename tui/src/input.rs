//! Keys, pastes and sizes from the terminal, read on a thread of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use zeroize::Zeroizing;

use crate::app::key::Key;
use crate::app::layout::Size;

/// What a person did. A paste may be a secret: it is wiped when dropped and cannot be printed.
pub(crate) enum Input {
    Key(Key),
    Paste(Zeroizing<String>),
    Resize(Size),
    /// The terminal is gone.
    Closed,
}

/// How long the reader waits before it looks whether to stop.
const PATIENCE: Duration = Duration::from_millis(200);

/// Reads until told to stop or until the terminal is gone.
pub(crate) fn read(stop: &Arc<AtomicBool>, deliver: impl Fn(Input) -> bool) {
    while !stop.load(Ordering::Relaxed) {
        if is_gone() {
            deliver(Input::Closed);
            return;
        }
        let event = match crossterm::event::poll(PATIENCE) {
            Ok(false) => continue,
            Ok(true) => crossterm::event::read(),
            Err(error) => Err(error),
        };
        let Ok(event) = event else {
            deliver(Input::Closed);
            return;
        };
        for input in understand(event) {
            if !deliver(input) {
                return;
            }
        }
    }
}

/// Whether the terminal has hung up. Asked before every wait: the event reader takes the end of its
/// input for a pause and would spin on it.
fn is_gone() -> bool {
    let input = rustix::stdio::stdin();
    let mut asked = [PollFd::new(&input, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let answered = poll(&mut asked, Some(&now)).is_ok();
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    answered && asked.iter().any(|fd| fd.revents().intersects(gone))
}

fn understand(event: Event) -> Vec<Input> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            keys(key).into_iter().map(Input::Key).collect()
        }
        Event::Paste(text) => vec![Input::Paste(Zeroizing::new(text))],
        Event::Resize(width, height) => vec![Input::Resize(Size { width, height })],
        _ => Vec::new(),
    }
}

/// Esc and a key that come together are two keys: nothing here depends on Alt.
fn keys(event: KeyEvent) -> Vec<Key> {
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    let key = match event.code {
        KeyCode::Char('h') if control => Key::Backspace,
        KeyCode::Char(c) if control => Key::Ctrl(c.to_ascii_lowercase()),
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => Key::BackTab,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        _ => return Vec::new(),
    };
    if event.modifiers.contains(KeyModifiers::ALT) { vec![Key::Esc, key] } else { vec![key] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn esc_and_a_letter_are_two_keys() {
        let alt = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT);
        assert_eq!(keys(alt), [Key::Esc, Key::Char('q')]);
        let control = KeyEvent::new(KeyCode::Char('C'), KeyModifiers::CONTROL);
        assert_eq!(keys(control), [Key::Ctrl('c')]);
        assert!(keys(KeyEvent::new(KeyCode::F(5), KeyModifiers::NONE)).is_empty());
    }
}
