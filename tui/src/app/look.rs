//! What the terminal can show, and how it is to look.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Only ASCII.
    pub ascii: bool,
    /// In which colours, if any.
    pub theme: Theme,
    /// Labels may carry a hyperlink.
    pub links: bool,
}

/// A set of colours. None of them paints a background of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// The terminal's own sixteen colours.
    #[default]
    Auto,
    /// Bright colours, for a dark ground.
    Dark,
    /// Deep colours, for a light ground.
    Light,
    /// Blue and orange in the place of green and red.
    Safe,
    /// No colours: attributes and words alone.
    Mono,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Dark, Self::Light, Self::Safe, Self::Mono];

    /// The name in flags and in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Safe => "safe",
            Self::Mono => "mono",
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchTheme;

impl fmt::Display for NoSuchTheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the themes are auto, dark, light, safe and mono")
    }
}

impl std::error::Error for NoSuchTheme {}

impl FromStr for Theme {
    type Err = NoSuchTheme;

    fn from_str(text: &str) -> Result<Self, NoSuchTheme> {
        Self::ALL.into_iter().find(|theme| theme.name() == text).ok_or(NoSuchTheme)
    }
}
