//! The passphrase: from a systemd credential, a file descriptor, or the terminal without echo. Never
//! from the arguments or the environment, which other processes can read. Wiped when dropped.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use zeroize::{Zeroize, Zeroizing};

/// Where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file that systemd made for this service alone.
    Credential {
        /// The service's credentials directory.
        directory: PathBuf,
        /// The credential's name in the unit.
        name: String,
    },
    /// A descriptor that whoever started the daemon opened for it.
    Descriptor(u32),
    /// A person at the terminal, who is shown these words.
    Terminal {
        /// What is asked.
        prompt: String,
    },
}

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// The source cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("the passphrase is empty")]
    Empty,
    /// It is no passphrase, perhaps a wrong file.
    #[error("the passphrase is longer than {MAX} bytes")]
    TooLong,
    /// The person gave up.
    #[error("no passphrase was entered")]
    Cancelled,
}

/// A passphrase. No `Clone`, no `Display`, no comparison.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Reads it, without the newline at its end.
    pub fn read(from: &Source) -> Result<Self, PassphraseError> {
        match from {
            Source::Credential { directory, name } => read_file(&directory.join(name)),
            // Opening the descriptor's name needs no trust that nobody else owns the number.
            Source::Descriptor(number) => read_file(Path::new(&format!("/proc/self/fd/{number}"))),
            Source::Terminal { prompt } => ask(Path::new("/dev/tty"), prompt),
        }
    }

    /// The bytes; each use is a place to look at.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    fn check(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self, PassphraseError> {
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        match bytes.len() {
            0 => Err(PassphraseError::Empty),
            1..=MAX => Ok(Self(bytes)),
            _ => Err(PassphraseError::TooLong),
        }
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

fn read_file(path: &Path) -> Result<Passphrase, PassphraseError> {
    let mut bytes = buffer();
    // The newline, and one byte more to tell what is too long.
    let read = File::open(path)
        .and_then(|file| file.take(MAX as u64 + 2).read_to_end(&mut bytes))
        .map_err(at(path));
    read.and_then(|_| Passphrase::check(bytes))
}

fn ask(terminal: &Path, prompt: &str) -> Result<Passphrase, PassphraseError> {
    let failed = |source| at(terminal)(source);
    let mut terminal = OpenOptions::new().read(true).write(true).open(terminal).map_err(failed)?;
    terminal.write_all(prompt.as_bytes()).map_err(failed)?;
    let quiet = Quiet::start(&terminal).map_err(failed)?;
    let line = read_line(&terminal).map_err(failed);
    drop(quiet);
    terminal.write_all(b"\n").map_err(failed)?;
    line?.ok_or(PassphraseError::Cancelled).and_then(Passphrase::check)
}

/// The terminal without echo and line editing, until dropped. Signals are off as well: an interrupt
/// would end the program before the echo is back.
struct Quiet<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn start(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // Nothing is left to try if the terminal refuses.
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// What is typed up to the end of the line; `None` if the person gives up.
fn read_line(mut from: impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = buffer();
    let mut byte = Zeroizing::new([0_u8; 1]);
    loop {
        if from.read(&mut *byte)? == 0 {
            return Ok(None);
        }
        match *byte {
            [b'\n' | b'\r'] => return Ok(Some(line)),
            [INTERRUPT] => return Ok(None),
            [END] if line.is_empty() => return Ok(None),
            [BACKSPACE | DELETE] => erase_character(&mut line),
            [KILL] => line.zeroize(),
            // The rest is read and dropped; the length alone makes it refused.
            [typed] if line.len() <= MAX => line.push(typed),
            [_] => {}
        }
    }
}

fn erase_character(line: &mut Vec<u8>) {
    while let Some(last) = line.pop() {
        let inside_a_character = (0x80..0xC0).contains(&last);
        if !inside_a_character {
            return;
        }
    }
}

/// Room for the longest that is kept, so that the buffer does not grow and leave a copy behind.
fn buffer() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(4 * MAX))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PassphraseError {
    let path = path.to_owned();
    move |source| PassphraseError::Unreadable { path, source }
}

const MAX: usize = 1024;
const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const KILL: u8 = 0x15;
const DELETE: u8 = 0x7F;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::fd::AsRawFd;

    use super::*;

    fn from_file(content: &[u8]) -> Result<Vec<u8>, PassphraseError> {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("vault"), content).unwrap();
        let source =
            Source::Credential { directory: directory.path().to_owned(), name: "vault".to_owned() };
        Passphrase::read(&source).map(|passphrase| passphrase.expose().to_vec())
    }

    #[test]
    fn one_newline_at_the_end_is_not_part_of_it() {
        assert_eq!(from_file(b"correct horse\n").unwrap(), b"correct horse");
        assert_eq!(from_file(b" a\n\n").unwrap(), b" a\n");
        assert_eq!(from_file(&[b'x'; MAX]).unwrap().len(), MAX);
        assert_eq!(from_file(&[[b'x'; MAX].as_slice(), b"\n"].concat()).unwrap().len(), MAX);
    }

    #[test]
    fn empty_and_endless_ones_are_refused() {
        assert!(matches!(from_file(b""), Err(PassphraseError::Empty)));
        assert!(matches!(from_file(b"\n"), Err(PassphraseError::Empty)));
        assert!(matches!(from_file(&[b'x'; MAX + 1]), Err(PassphraseError::TooLong)));
        assert!(matches!(from_file(&vec![b'x'; 1 << 20]), Err(PassphraseError::TooLong)));
    }

    #[test]
    fn a_descriptor_is_read_by_its_number() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"correct horse\n").unwrap();
        drop(writer);
        let number = u32::try_from(reader.as_raw_fd()).unwrap();
        let passphrase = Passphrase::read(&Source::Descriptor(number)).unwrap();
        assert_eq!(passphrase.expose(), b"correct horse");
        let closed = Passphrase::read(&Source::Descriptor(987_654));
        assert!(matches!(closed, Err(PassphraseError::Unreadable { .. })));
    }

    #[test]
    fn a_line_can_be_corrected_and_given_up() {
        let typed = |keys: &[u8]| read_line(keys).unwrap().map(|line| line.to_vec());
        assert_eq!(typed(b"ab\x7fc\r").unwrap(), b"ac");
        assert_eq!(typed("\u{20b9}\u{20b9}\x08\n".as_bytes()).unwrap(), "\u{20b9}".as_bytes());
        assert_eq!(typed(b"wrong\x15right\n").unwrap(), b"right");
        assert_eq!(typed(b"\x7f\x7fa\n").unwrap(), b"a");
        assert_eq!(typed(b"\n").unwrap(), b"");
        assert_eq!(typed(b"abc\x03\n"), None);
        assert_eq!(typed(b"\x04"), None);
        assert_eq!(typed(b"cut off"), None);
        assert_eq!(typed(&[&[b'x'; 4 * MAX], b"\n".as_slice()].concat()).unwrap().len(), MAX + 1);
    }

    #[test]
    fn debug_shows_nothing() {
        let passphrase = Passphrase::check(Zeroizing::new(b"CANARY-1".to_vec())).unwrap();
        assert_eq!(format!("{passphrase:?}"), "Passphrase(..)");
    }
}
