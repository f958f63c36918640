//! Asking a person, and reading what a script hands over. Secrets are read without echo.

use std::io::{BufRead, IsTerminal, Read};

use muster_protocol::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios};
use zeroize::Zeroizing;

use super::{CommandError, print};

/// The most that is read from standard input, in bytes.
const MOST: u64 = 64 * 1024;

/// The longest secret a person types, in bytes.
const LONGEST: usize = 4 * 1024;

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
    let typed = read_quietly();
    drop(quiet);
    print::ask("\n");
    Ok(Secret::new(typed?.trim().to_owned()))
}

/// Byte by byte and past the buffer of standard input, which would keep a copy.
fn read_quietly() -> Result<Zeroizing<String>, CommandError> {
    let mut typed = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0_u8; 1]);
    loop {
        let read = rustix::io::read(rustix::stdio::stdin(), byte.as_mut_slice())
            .map_err(|error| CommandError::io("standard input", error.into()))?;
        match byte.first() {
            Some(b'\n' | b'\r') => break,
            _ if read == 0 => break,
            // Ctrl-C: as a key, so that the terminal is never left without echo.
            Some(3) => return Err(CommandError::Failed("given up; nothing was done".to_owned())),
            Some(8 | 127) => drop(typed.pop()),
            Some(21) => typed.clear(),
            Some(byte) if typed.len() < LONGEST => typed.push(*byte),
            _ => {}
        }
    }
    let text = std::str::from_utf8(&typed)
        .map_err(|_| CommandError::Usage("what was typed is no text".to_owned()))?;
    Ok(Zeroizing::new(text.to_owned()))
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

/// The terminal without echo, lines and signals, until dropped.
struct Quiet(Termios);

impl Quiet {
    fn begin() -> Result<Self, CommandError> {
        let stdin = rustix::stdio::stdin();
        let set = || {
            let before = rustix::termios::tcgetattr(stdin)?;
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
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
