//! How a command ends, as scripts see it. One list: the program returns from it, the manual prints it.

use serde::Serialize;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Exit {
    /// It was done.
    Done,
    /// It was not, or what was asked for did not come true.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// Nobody answers at the socket.
    NoDaemon,
    /// The daemon said no.
    Refused,
    /// Somebody is not fit.
    Unfit,
    /// It did not come true in time.
    TimedOut,
    /// The vault is sealed.
    Sealed,
}

impl Exit {
    /// Every way to end, by number.
    pub(crate) const ALL: [Self; 8] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::NoDaemon,
        Self::Refused,
        Self::Unfit,
        Self::TimedOut,
        Self::Sealed,
    ];

    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoDaemon => 3,
            Self::Refused => 4,
            Self::Unfit => 5,
            Self::TimedOut => 6,
            Self::Sealed => 7,
        }
    }

    /// The word in JSON.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NoDaemon => "no_daemon",
            Self::Refused => "refused",
            Self::Unfit => "unfit",
            Self::TimedOut => "timed_out",
            Self::Sealed => "sealed",
        }
    }

    /// What it means, and what to do.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Done => "it was done, and is durable",
            Self::Failed => {
                "what was asked for did not come true: a test failed, a run was missed, a file cannot be read"
            }
            Self::Usage => "the command line or the input makes no sense; nothing was done",
            Self::NoDaemon => "nobody answers at the socket, or the daemon went away",
            Self::Refused => "the daemon refused: not allowed, not there, or not in this state",
            Self::Unfit => "somebody is not fit for the next run",
            Self::TimedOut => "it did not come true in time; what was begun may go on",
            Self::Sealed => "the vault is sealed: muster vault unseal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_end_has_a_code_and_a_word_of_its_own() {
        for (at, exit) in Exit::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(exit.code()), at);
            assert_eq!(serde_json::to_value(exit).unwrap(), exit.word());
        }
    }
}
