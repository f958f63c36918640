//! Why a command did not do what was asked, by what the caller can do about it.

use std::process::ExitCode;

use muster_protocol::client::CallError;
use muster_protocol::frame::Code;
use serde_json::{Value, json};

use super::SCHEMA_VERSION;
use super::exit::Exit;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Nobody answers at the socket.
    #[error("no daemon: {0}")]
    NoDaemon(String),
    /// The daemon refused, or does not answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is nothing of the name given.
    #[error("{0}")]
    NotFound(String),
    /// What was asked for did not come true.
    #[error("{0}")]
    Failed(String),
    /// Somebody is not fit.
    #[error("{0}")]
    Unfit(String),
    /// It did not come true in time.
    #[error("{0}")]
    TimedOut(String),
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

    /// How the command ends.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            // As any filter whose reader has seen enough.
            Self::Unread => Exit::Done,
            Self::NoDaemon(_) | Self::Call(CallError::Disconnected) => Exit::NoDaemon,
            Self::Call(CallError::Refused(failure)) => match failure.code {
                Code::Sealed => Exit::Sealed,
                Code::Internal => Exit::Failed,
                Code::Parse
                | Code::InvalidRequest
                | Code::UnknownMethod
                | Code::InvalidParams
                | Code::Forbidden
                | Code::NotFound
                | Code::Conflict
                | Code::Busy => Exit::Refused,
            },
            Self::NotFound(_) => Exit::Refused,
            Self::Call(CallError::TimedOut(_)) | Self::TimedOut(_) => Exit::TimedOut,
            Self::Call(CallError::Misunderstood) | Self::Failed(_) | Self::Io { .. } => {
                Exit::Failed
            }
            Self::Unfit(_) => Exit::Unfit,
            Self::Usage(_) => Exit::Usage,
        }
    }

    /// The same for the shell.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit().code())
    }

    /// The one object a script reads on standard error.
    pub(super) fn object(&self) -> Value {
        let mut object = failure(self.exit(), &self.to_string());
        if let Self::Call(CallError::Refused(refused)) = self {
            object["error"]["code"] = json!(code(refused.code));
        }
        object
    }
}

/// What went wrong, as JSON.
pub(super) fn failure(exit: Exit, message: &str) -> Value {
    json!({
        "schema_version": SCHEMA_VERSION,
        "error": { "kind": exit.word(), "exit": exit.code(), "message": message },
    })
}

/// The daemon's codes by name.
const fn code(code: Code) -> &'static str {
    match code {
        Code::Parse => "parse",
        Code::InvalidRequest => "invalid_request",
        Code::UnknownMethod => "unknown_method",
        Code::InvalidParams => "invalid_params",
        Code::Internal => "internal",
        Code::Forbidden => "forbidden",
        Code::NotFound => "not_found",
        Code::Conflict => "conflict",
        Code::Busy => "busy",
        Code::Sealed => "sealed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_protocol::frame::Failure;

    #[test]
    fn a_script_can_tell_why() {
        let refused = |code| CommandError::Call(Failure::new(code, "no").into());
        for (error, exit) in [
            (refused(Code::Forbidden), Exit::Refused),
            (refused(Code::Sealed), Exit::Sealed),
            (CommandError::Call(CallError::TimedOut(10)), Exit::TimedOut),
            (CommandError::Call(CallError::Disconnected), Exit::NoDaemon),
            (CommandError::NotFound(String::new()), Exit::Refused),
            (CommandError::Unfit(String::new()), Exit::Unfit),
        ] {
            assert_eq!(error.exit(), exit, "{error:?}");
        }
        assert_eq!(
            refused(Code::Conflict).object().to_string(),
            r#"{"error":{"code":"conflict","exit":4,"kind":"refused","message":"no"},"schema_version":1}"#
        );
    }
}
