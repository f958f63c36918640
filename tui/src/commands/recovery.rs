//! A recovery key: made here, for no secret crosses the socket towards a client; shown once, taken off
//! the screen, and typed back from paper. Only then is it a slot: a ceremony that is given up leaves none.

use std::fs::OpenOptions;
use std::io::Write;

use muster_protocol::client::CallError;
use muster_protocol::frame::Code;
use muster_protocol::key_text;
use muster_protocol::request::AddSlot;
use muster_protocol::secret::Secret;
use muster_protocol::vault::SlotKind;
use zeroize::Zeroizing;

use super::{CommandError, Daemon, prompt};

/// How often the key may be typed wrong.
const TRIES: u32 = 5;
/// The lines it stands on, and the one that asks for Enter.
const LINES: u32 = 6;

/// Goes through the ceremony.
pub(super) async fn add(daemon: &Daemon, opens: &str) -> Result<(), CommandError> {
    if !prompt::is_person() {
        let why = "a recovery key is shown to a person and typed back: it needs a terminal";
        return Err(CommandError::Usage(why.to_owned()));
    }
    let key = new_key()?;
    show_once(&key)?;
    let mut typed = typed_back(&key)?;
    drop(key);
    for left in (0..TRIES).rev() {
        let again = Secret::new(typed.expose().to_owned());
        let secret = prompt::secret(opens)?;
        let kind = SlotKind::Recovery;
        match daemon.client.call(AddSlot { secret, kind, new: typed }).await {
            Ok(_) => return Ok(()),
            // The paper is still good; only the other secret was wrong, or came too soon after that.
            Err(CallError::Refused(failure))
                if left > 0 && matches!(failure.code, Code::Forbidden | Code::Busy) =>
            {
                let words = format!("{failure}; the key on paper is still good, once more");
                super::complain(&words);
                typed = again;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(CommandError::Failed(NOTHING.to_owned()))
}

fn new_key() -> Result<Zeroizing<String>, CommandError> {
    let mut bytes = Zeroizing::new([0; key_text::KEY_LEN]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|_| CommandError::Failed("the system gives no random bytes".to_owned()))?;
    Ok(key_text::write(&bytes))
}

/// On the terminal itself: standard output and standard error may go to a file.
fn show_once(key: &str) -> Result<(), CommandError> {
    let failed = |error| CommandError::io("the terminal", error);
    let mut terminal = OpenOptions::new().write(true).open("/dev/tty").map_err(failed)?;
    let words = "\r\nThe recovery key. Write it on paper; it is shown this once.\r\n\r\n    ";
    for part in [words, key, "\r\n\r\n"] {
        terminal.write_all(part.as_bytes()).map_err(failed)?;
    }
    let read = prompt::secret("Press Enter when you have it on paper, Ctrl-C to give up");
    // Off the screen again, whatever the answer.
    write!(terminal, "\x1b[{LINES}A\r\x1b[J").map_err(failed)?;
    read.map(drop)
}

fn typed_back(key: &str) -> Result<Secret, CommandError> {
    for left in (0..TRIES).rev() {
        let typed = prompt::secret("Type it back from the paper")?;
        if key_text::same(typed.expose().as_bytes(), key.as_bytes()) {
            return Ok(typed);
        }
        super::complain(&format!("that is not the key; {left} tries are left"));
    }
    Err(CommandError::Failed(format!("{NOTHING}; throw the paper away")))
}

const NOTHING: &str = "no recovery key was added";
