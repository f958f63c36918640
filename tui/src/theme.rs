//! What a piece of text is, and how that looks. The only file that names a colour.
//!
//! No theme paints a ground of its own, so that each works where it is asked for; without colours the
//! attributes and the words carry the same meaning.

use ratatui::style::{Color, Modifier, Style};

use crate::app::look::Theme;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    Dim,
    Title,
    Good,
    Warn,
    Bad,
    /// Needs a person now.
    Loud,
    Key,
    /// The address to register: must be found at once.
    Address,
    /// What was searched for.
    Match,
    /// Behind the cursor of a text field.
    Cursor,
    /// The dark and light squares of a QR code.
    Qr,
}

/// The colours of a theme for good, warning and bad.
const fn colours(theme: Theme) -> Option<[Color; 3]> {
    match theme {
        Theme::Mono => None,
        Theme::Auto => Some([Color::Green, Color::Yellow, Color::Red]),
        Theme::Dark => Some([Color::LightGreen, Color::LightYellow, Color::LightRed]),
        // Yellow cannot be read on white.
        Theme::Light => Some([Color::Indexed(22), Color::Indexed(94), Color::Indexed(124)]),
        // Told apart by who does not tell red from green; readable on dark and on light.
        Theme::Safe => Some([Color::Indexed(32), Color::Indexed(136), Color::Indexed(166)]),
    }
}

/// How it looks.
pub(crate) const fn style(role: Role, theme: Theme) -> Style {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    let Some([good, warn, bad]) = colours(theme) else { return without_colours(role) };
    match role {
        Role::Good => plain.fg(good),
        Role::Warn => plain.fg(warn),
        Role::Bad => bold.fg(bad),
        Role::Loud => bold.fg(bad).add_modifier(Modifier::REVERSED),
        Role::Qr => plain.fg(Color::Black).bg(Color::White),
        other => without_colours(other),
    }
}

const fn without_colours(role: Role) -> Style {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    match role {
        Role::Plain | Role::Good | Role::Warn | Role::Qr => plain,
        Role::Dim => plain.add_modifier(Modifier::DIM),
        Role::Title | Role::Key | Role::Bad => bold,
        Role::Match => bold.add_modifier(Modifier::UNDERLINED),
        Role::Loud | Role::Address | Role::Cursor => bold.add_modifier(Modifier::REVERSED),
    }
}

/// The selected row.
pub(crate) const fn selected(style: Style) -> Style {
    style.add_modifier(Modifier::REVERSED)
}

/// What may be out of date.
pub(crate) const fn stale() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}
