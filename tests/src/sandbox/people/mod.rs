//! Who calls: accounts, their sessions, and how often they may.

pub(crate) mod account;
pub(crate) mod limit;
pub(crate) mod session;
