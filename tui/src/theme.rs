//! What a piece of text is, and how that looks. The only file that names a colour.
//!
//! Sixteen colours on the terminal's own background, so that light and dark both work; without
//! colours the attributes and the words carry the same meaning.

use ratatui::style::{Color, Modifier, Style};

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

/// How it looks.
pub(crate) fn style(role: Role, mono: bool) -> Style {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    match role {
        Role::Plain => plain,
        Role::Dim => plain.add_modifier(Modifier::DIM),
        Role::Title | Role::Key => bold,
        Role::Match => bold.add_modifier(Modifier::UNDERLINED),
        Role::Address | Role::Cursor => bold.add_modifier(Modifier::REVERSED),
        Role::Loud if mono => bold.add_modifier(Modifier::REVERSED),
        Role::Bad if mono => bold,
        Role::Good | Role::Warn | Role::Qr if mono => plain,
        Role::Good => plain.fg(Color::Green),
        Role::Warn => plain.fg(Color::Yellow),
        Role::Bad => bold.fg(Color::Red),
        Role::Loud => bold.fg(Color::Red).add_modifier(Modifier::REVERSED),
        Role::Qr => plain.fg(Color::Black).bg(Color::White),
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
