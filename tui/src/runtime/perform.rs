//! Effects, done.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{Event, Runtime};
use crate::app::effect::Effect;
use crate::app::form::SecretFacts;
use crate::app::msg::{Msg, Notice};
use crate::clipboard::{self, Clipboard};
use crate::link::{Command, Outgoing};
use crate::terminal::Screen;

impl Runtime {
    /// Does one effect; an error is the terminal's.
    pub(super) fn perform(&mut self, effect: Effect) -> std::io::Result<()> {
        match effect {
            Effect::Send { id, ask } => {
                let call = Outgoing::new(ask, &mut self.secrets);
                // The link ends only after this loop.
                drop(self.link.send(Command::Call { id, call }));
            }
            Effect::RetryNow => drop(self.link.send(Command::RetryNow)),
            Effect::Copy(text) => self.copy(text),
            Effect::Save { path, lines } => self.aside(move || match save(&path, &lines) {
                Ok(()) => {
                    let words = format!("{} entries saved to {}", lines.len(), path.display());
                    Notice::good(words)
                }
                Err(error) => Notice::bad(format!("{}: {error}", path.display())),
            }),
            Effect::ForgetSecret(field) => {
                self.secrets.forget(field);
                self.update(Msg::SecretChanged { field, facts: SecretFacts::default() })?;
            }
            Effect::ForgetSecrets => self.secrets.forget_all(),
            Effect::Suspend => self.screen.suspend()?,
            Effect::Repaint => self.screen.repaint()?,
            Effect::Quit => self.leaving = true,
        }
        Ok(())
    }

    fn copy(&self, text: String) {
        match self.clipboard {
            Clipboard::Tmux => self.aside(move || match clipboard::to_tmux(&text) {
                Ok(()) => Notice::good(sent(&text)),
                Err(error) => Notice::bad(format!("tmux: {error}; select the text instead")),
            }),
            Clipboard::Escape => {
                let done = clipboard::escape(&text).map(|bytes| Screen::send(&bytes));
                let notice = match done {
                    Some(Ok(())) => Notice::good(sent(&text)),
                    _ => Notice::bad("the text is too long for the terminal's clipboard"),
                };
                drop(self.back.send(Event::Notice(notice)));
            }
        }
    }

    /// Does something that may wait on a thread of its own and says how it went.
    fn aside(&self, work: impl FnOnce() -> Notice + Send + 'static) {
        let back = self.back.clone();
        std::thread::spawn(move || drop(back.send(Event::Notice(work()))));
    }
}

fn sent(text: &str) -> String {
    format!("sent to the terminal's clipboard: {text}")
}

/// Writes a new file that only its owner can read; never over another.
fn save(path: &Path, lines: &[String]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(lines.join("\n").as_bytes())?;
    file.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_saved_journal_is_its_owners_alone_and_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.txt");
        save(&path, &["a".to_owned(), "b".to_owned()]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\nb\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(save(&path, &[]).is_err());
    }
}
