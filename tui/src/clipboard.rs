//! Handing text to the terminal's clipboard. There is no receipt, so the text is always shown too.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use data_encoding::BASE64;

/// The most bytes terminals take, encoded.
const MOST: usize = 74_994;

/// How this terminal takes a clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clipboard {
    /// tmux drops the escape under its defaults, and passes its own buffer on.
    Tmux,
    /// The escape OSC 52.
    Escape,
}

/// The escape that sets the clipboard; `None` if the text is too long for it.
pub(crate) fn escape(text: &str) -> Option<Vec<u8>> {
    let encoded = BASE64.encode(text.as_bytes());
    (encoded.len() <= MOST).then(|| format!("\x1b]52;c;{encoded}\x07").into_bytes())
}

/// Hands the text to tmux. Blocks until tmux has read it.
pub(crate) fn to_tmux(text: &str) -> io::Result<()> {
    let mut child = Command::new("tmux")
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("tmux refused the text")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_escape_holds_the_text_in_base64() {
        assert_eq!(escape("98.88.173.81").unwrap(), b"\x1b]52;c;OTguODguMTczLjgx\x07");
        assert!(escape(&"x".repeat(80_000)).is_none());
    }
}
