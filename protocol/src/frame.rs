//! One JSON-RPC 2.0 message a line: the shapes, and the limits both sides hold to. No IO.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::event::Feed;

/// The longest line either side accepts or sends, in bytes, without the newline.
pub const MAX_LINE: usize = 1024 * 1024;
/// The longest first line, before the peer has said hello.
pub const MAX_HELLO: usize = 4 * 1024;
/// How long a peer may take to say hello, in milliseconds.
pub const HELLO_TIMEOUT_MS: u64 = 2_000;

/// The method of a line that is a part of a longer message.
pub const PART_METHOD: &str = "part";

/// The JSON-RPC marker; anything but `"2.0"` is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Version {
    /// 2.0.
    #[serde(rename = "2.0")]
    V2,
}

/// A line from client to daemon, as it is read: the parameters stay in the line's own buffer,
/// which is wiped, until the request's type is known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLine<'a> {
    /// The marker.
    pub jsonrpc: Version,
    /// Chosen by the client, echoed in the reply.
    pub id: u64,
    /// The method.
    pub method: String,
    /// Its parameters; `None` stands for `{}`.
    #[serde(borrow, default)]
    pub params: Option<&'a RawValue>,
}

/// A line from client to daemon, as it is written.
#[derive(Debug, Serialize)]
pub struct CallLine<'a, C> {
    /// The marker.
    pub jsonrpc: Version,
    /// Chosen by the client, echoed in the reply.
    pub id: u64,
    /// The method.
    pub method: &'a str,
    /// Its parameters.
    pub params: &'a C,
}

/// A line from daemon to client.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReplyLine {
    /// A request succeeded.
    Result {
        /// The marker.
        jsonrpc: Version,
        /// The request's number.
        id: u64,
        /// The reply.
        result: Value,
    },
    /// A request failed.
    Error {
        /// The marker.
        jsonrpc: Version,
        /// The request's number; `None` if the line could not be read that far.
        id: Option<u64>,
        /// Why.
        error: Failure,
    },
    /// A subscription's next change.
    Feed {
        /// The marker.
        jsonrpc: Version,
        /// Always `feed`.
        method: String,
        /// The change.
        params: Feed,
    },
    /// A part of a message that is longer than a line.
    Part {
        /// The marker.
        jsonrpc: Version,
        /// Always `part`.
        method: String,
        /// The part.
        params: Part,
    },
}

/// A part of a message that is longer than a line. The texts of all its parts, joined, are the message as
/// it would stand on one line; they come in order, and nothing comes between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Which, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
    /// Its piece of the message.
    pub text: String,
}

impl ReplyLine {
    /// The reply to request `id`.
    pub const fn result(id: u64, result: Value) -> Self {
        Self::Result { jsonrpc: Version::V2, id, result }
    }

    /// The refusal of request `id`.
    pub const fn error(id: Option<u64>, error: Failure) -> Self {
        Self::Error { jsonrpc: Version::V2, id, error }
    }

    /// A subscription's next change.
    pub fn feed(params: Feed) -> Self {
        Self::Feed { jsonrpc: Version::V2, method: "feed".to_owned(), params }
    }

    /// A part of a message that is longer than a line.
    pub fn part(params: Part) -> Self {
        Self::Part { jsonrpc: Version::V2, method: PART_METHOD.to_owned(), params }
    }
}

/// A request's failure as it crosses the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What the caller can do about it.
    pub code: Code,
    /// In words, saying what to do; never a secret in it.
    pub message: String,
}

impl Failure {
    /// A failure of this code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What the caller can do about a failure. The numbers below -32000 are JSON-RPC's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub enum Code {
    /// The line is no JSON.
    Parse,
    /// The line is no request, or came out of order.
    InvalidRequest,
    /// No such method.
    UnknownMethod,
    /// The parameters do not fit.
    InvalidParams,
    /// A fault of the daemon; its log says more.
    Internal,
    /// This peer may not.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// Not in this state.
    Conflict,
    /// Too much at once; try again later.
    Busy,
    /// The vault is sealed.
    Sealed,
}

impl From<Code> for i32 {
    fn from(code: Code) -> Self {
        match code {
            Code::Parse => -32_700,
            Code::InvalidRequest => -32_600,
            Code::UnknownMethod => -32_601,
            Code::InvalidParams => -32_602,
            Code::Internal => -32_603,
            Code::Forbidden => 1,
            Code::NotFound => 2,
            Code::Conflict => 3,
            Code::Busy => 4,
            Code::Sealed => 5,
        }
    }
}

/// A failure code this build does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("failure code {0} is not known here")]
pub struct UnknownCode(i32);

impl TryFrom<i32> for Code {
    type Error = UnknownCode;

    fn try_from(number: i32) -> Result<Self, UnknownCode> {
        Ok(match number {
            -32_700 => Self::Parse,
            -32_600 => Self::InvalidRequest,
            -32_601 => Self::UnknownMethod,
            -32_602 => Self::InvalidParams,
            -32_603 => Self::Internal,
            1 => Self::Forbidden,
            2 => Self::NotFound,
            3 => Self::Conflict,
            4 => Self::Busy,
            5 => Self::Sealed,
            other => return Err(UnknownCode(other)),
        })
    }
}
