//! A recovery key: made here, shown once on the terminal, taken off the screen, and typed back from
//! paper. Only what was typed back becomes a slot.

use std::fs::{File, OpenOptions};
use std::io::Write;

use anyhow::Context;
use muster_protocol::key_text;
use muster_protocol::secret::Secret;

use crate::passphrase::{Passphrase, PassphraseError, Source};
use crate::vault::new_key_text;

/// How often it may be typed wrong.
const TRIES: u32 = 5;
/// The lines it stands on, and the one that asks for Enter.
const LINES: u32 = 6;

/// Goes through the ceremony; an error leaves nothing made.
pub(super) fn shown_and_typed_back() -> anyhow::Result<Secret> {
    let key = new_key_text()?;
    let mut terminal = OpenOptions::new()
        .write(true)
        .open("/dev/tty")
        .context("a recovery key is shown to a person and typed back: it needs a terminal")?;
    terminal.write_all(
        b"\r\nThe recovery key. Write it on paper; it is shown this once.\r\n\r\n    ",
    )?;
    terminal.write_all(key.as_bytes())?;
    terminal.write_all(b"\r\n\r\n")?;
    let read = ask("Press Enter when you have it on paper, Ctrl-C to give up.");
    // Off the screen again, whatever the answer.
    write!(terminal, "\x1b[{LINES}A\r\x1b[J")?;
    match read {
        Ok(_) | Err(PassphraseError::Empty) => {}
        Err(error) => return Err(error).context(NOTHING),
    }
    typed_back(&mut terminal, key.as_bytes())
}

fn typed_back(terminal: &mut File, key: &[u8]) -> anyhow::Result<Secret> {
    for left in (0..TRIES).rev() {
        let typed = match ask("Type it back from the paper: ") {
            Ok(typed) => typed,
            Err(PassphraseError::Empty) => continue,
            Err(error) => return Err(error).context(NOTHING),
        };
        if key_text::same(typed.expose(), key) {
            let text =
                std::str::from_utf8(typed.expose()).context("a key is letters and digits")?;
            return Ok(Secret::new(text.to_owned()));
        }
        writeln!(terminal, "That is not the key. {left} tries are left.\r")?;
    }
    anyhow::bail!("{NOTHING}: it was typed wrong {TRIES} times; throw the paper away");
}

const NOTHING: &str = "no recovery key was made";

fn ask(prompt: &str) -> Result<Passphrase, PassphraseError> {
    Passphrase::read(&Source::Terminal { prompt: prompt.to_owned() })
}
