//! The configuration file: how the screen is to look. Nothing secret has a place in it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::app::look::Theme;

/// What the file may say. A key it does not know is an error, with its line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    pub(crate) socket: Option<PathBuf>,
    pub(crate) theme: Option<Theme>,
    pub(crate) ascii: Option<bool>,
    pub(crate) read_only: Option<bool>,
    pub(crate) sync_output: Option<Sync>,
}

/// Whether a frame is bracketed, so that the terminal shows it at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sync {
    /// Large frames, and not within tmux, which then sends its whole pane again.
    #[default]
    Auto,
    Always,
    Never,
}

impl Sync {
    /// Whether to bracket here.
    pub(crate) const fn is_on(self, tmux: bool) -> bool {
        match self {
            Self::Auto => !tmux,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// A file that cannot be used.
#[derive(Debug)]
pub(crate) struct Unusable {
    path: PathBuf,
    why: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why.trim_end())
    }
}

/// Every key there is, each as it is without the file.
pub(crate) const SAMPLE: &str = r#"# The daemon's socket.
# socket = "/run/musterd/musterd.sock"

# auto: the terminal's own sixteen colours; dark, light: for that ground; safe: blue and orange in the
# place of green and red; mono: no colours. The variable NO_COLOR means mono.
theme = "auto"

# Letters in the place of every glyph. Without it the locale decides.
# ascii = true

# Leaves out every key that changes something.
read_only = false

# Whether frames are bracketed for the terminal (DEC 2026): auto is always, but not within tmux.
sync_output = "auto"
"#;

impl File {
    /// Reads the file that was named, or the one at its usual place if there is one.
    pub(crate) fn read(named: Option<&Path>, usual: Option<&Path>) -> Result<Self, Unusable> {
        let Some(path) = named.or_else(|| usual.filter(|path| path.exists())) else {
            return Ok(Self::default());
        };
        let unusable = |why: String| Unusable { path: path.to_owned(), why };
        let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
        Self::parse(&text).map_err(unusable)
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}

/// The usual place: in the folder of a person's configurations.
pub(crate) fn usual(xdg: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let folder = xdg.filter(|path| path.is_absolute()).or_else(|| Some(home?.join(".config")))?;
    Some(folder.join("muster").join("config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_holds_every_key_and_says_what_is_so_without_it() {
        let file = File::parse(SAMPLE).unwrap();
        assert_eq!(file.theme, Some(Theme::Auto));
        assert_eq!(file.sync_output, Some(Sync::Auto));
        let uncommented = SAMPLE.replace("# socket", "socket").replace("# ascii", "ascii");
        let all = File::parse(&uncommented).unwrap();
        assert!(all.socket.is_some() && all.ascii == Some(true) && all.read_only == Some(false));
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        let why = File::parse("theme = \"dark\"\nthme = \"dark\"\n").unwrap_err();
        assert!(why.contains("line 2") && why.contains("thme"), "{why}");
        let why = File::parse("theme = \"blue\"\n").unwrap_err();
        assert!(why.contains("line 1"), "{why}");
    }

    #[test]
    fn a_file_that_was_named_must_be_there_and_the_usual_one_need_not() {
        let nowhere = Path::new("/nowhere/muster.toml");
        assert_eq!(File::read(None, Some(nowhere)).unwrap(), File::default());
        let why = File::read(Some(nowhere), None).unwrap_err().to_string();
        assert!(why.contains("/nowhere/muster.toml"), "{why}");
        let home = usual(None, Some("/somewhere/asha".into()));
        assert_eq!(home, Some("/somewhere/asha/.config/muster/config.toml".into()));
    }
}
