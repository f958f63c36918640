//! Why a command did not do what was asked, by what the caller can do about it.

use std::process::ExitCode;

use muster_protocol::client::CallError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Nobody answers at the socket.
    #[error("no daemon: {0}")]
    NoDaemon(String),
    /// The daemon refused, or does not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What was asked for did not come true.
    #[error("{0}")]
    Failed(String),
    /// Somebody is not fit for the next run.
    #[error("{0}")]
    SomeUnfit(String),
    /// Nobody is fit for the next run, or nothing runs at all.
    #[error("{0}")]
    NoneFit(String),
    /// The command makes no sense as it is.
    #[error("{0}")]
    Usage(String),
    /// Reading or writing failed.
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
    /// Whoever read the output has gone.
    #[error("nobody reads the output")]
    Unread,
}

impl CommandError {
    /// An error while reading or writing something.
    pub(super) fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }

    /// 0 done, 1 failed, 2 usage, 3 no daemon, 4 some are not fit, 5 nobody is.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unread => ExitCode::SUCCESS,
            Self::Call(CallError::Disconnected) | Self::NoDaemon(_) => ExitCode::from(3),
            Self::Call(_) | Self::Failed(_) | Self::Io { .. } => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::SomeUnfit(_) => ExitCode::from(4),
            Self::NoneFit(_) => ExitCode::from(5),
        }
    }
}
