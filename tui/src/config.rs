//! What the flags and the terminal's variables say. Nothing secret is ever read from either.

use std::path::PathBuf;

use muster_protocol::endpoint;

use crate::app::model::Look;
use crate::cli::ScreenFlags;
use crate::glyph;
use crate::runtime::Options;

/// The daemon's socket: the one given, else the variable's, else where a daemon makes it.
pub(crate) fn socket(given: Option<PathBuf>) -> PathBuf {
    let named = std::env::var_os("MUSTER_SOCKET").filter(|path| !path.is_empty());
    let given = given.or_else(|| named.map(PathBuf::from));
    endpoint::socket_path(given, std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from))
}

/// True when the terminal cannot show a screen at all.
pub(crate) fn is_dumb() -> bool {
    matches!(variable("TERM").as_str(), "" | "dumb")
}

impl Options {
    /// What the variables of the terminal say, for this socket.
    pub fn detect(socket: PathBuf) -> Self {
        Self::from_flags(socket, ScreenFlags { read_only: false, ascii: false, mono: false })
    }

    /// The same, and what the flags say.
    pub(crate) fn from_flags(socket: PathBuf, flags: ScreenFlags) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
        let ascii = flags.ascii || !glyph::is_utf8_locale(locale.iter().map(String::as_str));
        let term = variable("TERM");
        Self {
            socket,
            read_only: flags.read_only,
            look: Look {
                ascii,
                mono: flags.mono || !variable("NO_COLOR").is_empty(),
                // The console of Linux prints what it does not know.
                links: !ascii && term != "linux" && !term.starts_with("vt"),
            },
            tmux: !variable("TMUX").is_empty(),
        }
    }
}

fn variable(name: &str) -> String {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
}
