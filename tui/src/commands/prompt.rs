//! Asking a person, and reading what a script hands over. Secrets are read without echo.

use std::io::{BufRead, IsTerminal, Read};

use muster_protocol::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios};
use zeroize::Zeroizing;

use super::{CommandError, print};

/// The most that is read from standard input, in bytes.
const MOST: u64 = 64 * 1024;

/// True when a person sits at standard input.
pub(super) fn is_person() -> bool {
    std::io::stdin().is_terminal()
}

/// Everything on standard input; wiped when dropped.
pub(super) fn read_all() -> Result<Zeroizing<String>, CommandError> {
    let mut text = Zeroizing::new(String::with_capacity(8 * 1024));
    std::io::stdin()
        .lock()
        .take(MOST)
        .read_to_string(&mut text)
        .map_err(|error| CommandError::io("standard input", error))?;
    Ok(text)
}

/// A line a person types.
pub(super) fn line(question: &str) -> Result<String, CommandError> {
    print::ask(&format!("{question}: "));
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| CommandError::io("standard input", error))?;
    Ok(line.trim().to_owned())
}

/// A line a person types without seeing it.
pub(super) fn secret(question: &str) -> Result<Secret, CommandError> {
    print::ask(&format!("{question} (not shown): "));
    let quiet = Quiet::begin()?;
    let mut line = Zeroizing::new(String::with_capacity(4 * 1024));
    let read = std::io::stdin().lock().read_line(&mut line);
    drop(quiet);
    print::ask("\n");
    read.map_err(|error| CommandError::io("standard input", error))?;
    Ok(Secret::new(line.trim().to_owned()))
}

/// A name that must be given once more: by flag, or typed by a person.
pub(super) fn confirm(
    given: Option<String>,
    name: &str,
    question: &str,
) -> Result<(), CommandError> {
    let typed = match given {
        Some(typed) => typed,
        None if is_person() => line(&format!("{question} Type {name} to confirm"))?,
        None => return Err(CommandError::Usage(format!("say --confirm {name}"))),
    };
    if typed == name {
        Ok(())
    } else {
        Err(CommandError::Usage("the name does not match; nothing was done".to_owned()))
    }
}

/// The terminal without echo, until dropped.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> Result<Self, CommandError> {
        let stdin = rustix::stdio::stdin();
        let set = || {
            let before = rustix::termios::tcgetattr(stdin)?;
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ECHO);
            rustix::termios::tcsetattr(stdin, OptionalActions::Flush, &quiet)?;
            Ok(Self(before))
        };
        set().map_err(|error: rustix::io::Errno| CommandError::io("the terminal", error.into()))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let stdin = rustix::stdio::stdin();
        // There is nothing to be done about a terminal that has gone.
        rustix::termios::tcsetattr(stdin, OptionalActions::Now, &self.0).ok();
    }
}
