//! What flags, the configuration file and the terminal's variables say, in this order. Nothing secret
//! is ever read from any of them.

mod file;

use std::path::PathBuf;

use muster_protocol::endpoint;

use crate::app::look::{Look, Theme};
use crate::cli::ScreenFlags;
use crate::glyph;
use crate::runtime::Options;

pub(crate) use file::{File, SAMPLE, Unusable};

/// The daemon's socket: the flag's, else the variable's, else the file's, else where a daemon makes it.
pub(crate) fn socket(flag: Option<PathBuf>, file: &File) -> PathBuf {
    let named = std::env::var_os("MUSTER_SOCKET").filter(|path| !path.is_empty());
    let given = flag.or_else(|| named.map(PathBuf::from)).or_else(|| file.socket.clone());
    endpoint::socket_path(given, std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from))
}

/// True when the terminal cannot show a screen at all.
pub(crate) fn is_dumb() -> bool {
    matches!(variable("TERM").as_str(), "" | "dumb")
}

/// The configuration file.
pub(crate) fn read(flags: &ScreenFlags) -> Result<File, Unusable> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from);
    let usual = file::usual(folder("XDG_CONFIG_HOME"), folder("HOME"));
    File::read(flags.config.as_deref(), usual.as_deref())
}

impl Options {
    /// What the variables of the terminal say, for this socket.
    pub fn detect(socket: PathBuf) -> Self {
        Self::new(socket, &ScreenFlags::default(), &File::default())
    }

    /// The same, with what the flags and the file say.
    pub(crate) fn new(socket: PathBuf, flags: &ScreenFlags, file: &File) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable);
        let asked = flags.ascii || file.ascii == Some(true);
        let ascii = asked || !glyph::is_utf8_locale(locale.iter().map(String::as_str));
        let term = variable("TERM");
        let tmux = !variable("TMUX").is_empty();
        Self {
            socket,
            read_only: flags.read_only || file.read_only == Some(true),
            look: Look {
                ascii,
                theme: theme(flags, file, !variable("NO_COLOR").is_empty()),
                // The console of Linux prints what it does not know.
                links: !ascii && term != "linux" && !term.starts_with("vt"),
            },
            tmux,
            sync: file.sync_output.unwrap_or_default().is_on(tmux),
        }
    }
}

/// A flag wins, then the variable, then the file.
fn theme(flags: &ScreenFlags, file: &File, no_color: bool) -> Theme {
    let flag = if flags.mono { Some(Theme::Mono) } else { flags.theme };
    let variable = no_color.then_some(Theme::Mono);
    flag.or(variable).or(file.theme).unwrap_or_default()
}

fn variable(name: &str) -> String {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_variable_and_that_over_the_file() {
        let file = File { theme: Some(Theme::Light), ..File::default() };
        let flag = ScreenFlags { theme: Some(Theme::Safe), ..ScreenFlags::default() };
        let none = ScreenFlags::default();
        assert_eq!(theme(&flag, &file, true), Theme::Safe);
        assert_eq!(theme(&none, &file, true), Theme::Mono);
        assert_eq!(theme(&none, &file, false), Theme::Light);
        assert_eq!(theme(&none, &File::default(), false), Theme::Auto);
    }
}
