//! What lies over a page: help, the palette, a question, a line to type.

use muster_protocol::time::Timestamp;

use crate::app::effect::Ask;
use crate::app::field::TextField;
use crate::app::keymap::Context;

/// Keys that come sooner than this after a question was opened were meant for something else.
const GUARD_MS: i64 = 300;

/// What lies on top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Overlay {
    Help {
        scroll: usize,
        of: &'static [Context],
    },
    Palette {
        typed: TextField,
        at: usize,
        of: &'static [Context],
    },
    Confirm(Question),
    /// A line of text: for what, and the text it had before.
    Line {
        what: Line,
        typed: TextField,
        before: String,
    },
    Redirect,
    Qr,
}

/// What a typed line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    AccountFilter,
    JournalFilter,
    JournalSearch,
    SaveAs,
    /// The broker's number of an order in doubt.
    OrderNumber,
}

/// Something to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) title: String,
    pub(crate) body: String,
    /// The word on the button that does it.
    pub(crate) yes: &'static str,
    /// What to do then.
    pub(crate) then: Then,
    /// The name that must be typed, if one must.
    pub(crate) name: Option<String>,
    pub(crate) typed: TextField,
    /// True when the choice is on the button that does it; it starts on Cancel.
    pub(crate) on_yes: bool,
    /// When it was opened, on the client's own clock.
    pub(crate) opened: Timestamp,
}

/// What a question leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Then {
    Ask(Ask, String),
    Quit,
}

impl Question {
    /// True when Enter would do it.
    pub(crate) fn is_granted(&self) -> bool {
        self.name.as_ref().map_or(self.on_yes, |name| self.typed.text() == name)
    }

    /// True while keys are likely meant for what was on the screen before.
    pub(crate) const fn is_guarded(&self, now: Timestamp) -> bool {
        now.since(self.opened) < GUARD_MS
    }
}
