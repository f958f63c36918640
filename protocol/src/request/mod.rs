//! What a request is, how it is read, and who may ask. The requests themselves are in `list`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::reply::Role;

/// A request that names its reply type, so a client cannot receive the wrong one.
pub trait Call: Serialize + Into<Request> {
    /// What comes back.
    type Reply: Serialize + DeserializeOwned;
    /// The JSON-RPC method.
    const METHOD: &'static str;
}

/// What a peer must be allowed to do before a request is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Anyone the socket lets in.
    Anyone,
    /// Look. A user sees what is theirs.
    Read,
    /// Act on one's own accounts; the operator on all.
    Own,
    /// Act on everybody's.
    Operate,
}

impl Role {
    /// Whether this role may use requests of this permission at all. What a user owns is checked per account.
    pub fn allows(&self, permission: Permission) -> bool {
        let highest = match self {
            Self::Operator => Permission::Operate,
            Self::User { .. } => Permission::Own,
            Self::Viewer => Permission::Read,
        };
        permission <= highest
    }
}

/// Why a line is not a request.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRequest {
    /// No such method.
    #[error("there is no method of this name")]
    UnknownMethod,
    /// The parameters do not fit; the text names the field, never its value.
    #[error("the parameters do not fit: {0}")]
    Params(String),
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident: $method:literal -> $reply:ty, $permission:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
            }

            impl Call for $name {
                type Reply = $reply;
                const METHOD: &'static str = $method;
            }

            impl From<$name> for Request {
                fn from(call: $name) -> Self {
                    Self::$name(call)
                }
            }
        )*

        /// Any request.
        #[derive(Debug)]
        pub enum Request {
            $($(#[$doc])* $name($name),)*
        }

        impl Request {
            /// Every method there is.
            pub const METHODS: &'static [&'static str] = &[$($method,)*];

            /// The JSON-RPC method.
            pub const fn method(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $method,)*
                }
            }

            /// What the peer must be allowed to do.
            pub const fn permission(&self) -> Permission {
                match self {
                    $(Self::$name(_) => Permission::$permission,)*
                }
            }

            /// Reads a request from the two parts of its line.
            pub fn parse(method: &str, params: Option<&RawValue>) -> Result<Self, InvalidRequest> {
                let params = params.map_or("{}", RawValue::get);
                match method {
                    $($method => serde_json::from_str::<$name>(params).map(Self::$name).map_err(|error| {
                        let probes: &[params::Probe] = &[$((stringify!($field), params::fault::<$type>),)*];
                        InvalidRequest::Params(params::explain(&error, params, probes))
                    }),)*
                    _ => Err(InvalidRequest::UnknownMethod),
                }
            }
        }
    };
}

mod list;
mod select;

pub use self::list::*;
pub use self::select::{JournalFilter, Selection};

impl Request {
    /// Whether it can be done only while the vault is open.
    pub const fn needs_keys(&self) -> bool {
        matches!(
            self,
            Self::Connect(_)
                | Self::Login(_)
                | Self::SubmitRedirect(_)
                | Self::TestAccounts(_)
                | Self::CallMuster(_)
                | Self::Reencrypt(_)
                | Self::Backup(_)
                | Self::RunNow(_)
        )
    }
}

#[cfg(test)]
mod tests;
