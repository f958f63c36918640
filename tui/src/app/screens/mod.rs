//! One file per page: its state, and what its keys do.

pub(crate) mod accounts;
pub(crate) mod connect;
pub(crate) mod journal;
pub(crate) mod runs;
pub(crate) mod stop;
pub(crate) mod system;
