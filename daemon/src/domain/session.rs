//! A broker session as the model knows it: when it lives, never its secret.

use muster_protocol::account::SessionView;
use muster_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::illegal::Illegal;

/// What happens to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionEvent {
    /// The broker gave one. Replaces any before it.
    Opened {
        /// When.
        since: Timestamp,
        /// When the broker's daily flush ends it.
        until: Timestamp,
    },
    /// It is over: its time came, the broker refused it, or a person ended it.
    Ended {
        /// When.
        at: Timestamp,
    },
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// None yet.
    None,
    /// Usable.
    Live {
        /// Since when.
        since: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// Over.
    Ended {
        /// Since when.
        at: Timestamp,
    },
}

impl Session {
    /// The session after the event.
    pub fn next(self, event: SessionEvent) -> Result<Self, Illegal> {
        let illegal = |state, event| Err(Illegal { machine: "session", state, event });
        match (self, event) {
            (_, SessionEvent::Opened { since, until }) if until <= since => {
                illegal("any", "opened for no time")
            }
            (_, SessionEvent::Opened { since, until }) => Ok(Self::Live { since, until }),
            (Self::Live { .. }, SessionEvent::Ended { at }) => Ok(Self::Ended { at }),
            (Self::None, SessionEvent::Ended { .. }) => illegal("none", "ended"),
            (Self::Ended { .. }, SessionEvent::Ended { .. }) => illegal("ended", "ended"),
        }
    }

    /// Whether it can be used at this instant.
    pub fn is_live(self, now: Timestamp) -> bool {
        matches!(self, Self::Live { until, .. } if now < until)
    }

    /// When it ends by itself, if it lives.
    pub const fn ends(self) -> Option<Timestamp> {
        match self {
            Self::Live { until, .. } => Some(until),
            Self::None | Self::Ended { .. } => None,
        }
    }

    /// As clients see it.
    pub const fn view(self) -> SessionView {
        match self {
            Self::None => SessionView::None,
            Self::Live { since, until } => SessionView::Live { since, until },
            Self::Ended { at } => SessionView::Ended { at },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lives_until_its_flush_and_ends_once() {
        let (a, b) = (Timestamp::from_millis(1), Timestamp::from_millis(9));
        let live = Session::None.next(SessionEvent::Opened { since: a, until: b }).unwrap();
        assert!(live.is_live(Timestamp::from_millis(8)) && !live.is_live(b));
        let ended = live.next(SessionEvent::Ended { at: b }).unwrap();
        assert!(ended.next(SessionEvent::Ended { at: b }).is_err());
        assert!(Session::None.next(SessionEvent::Opened { since: b, until: a }).is_err());
    }
}
