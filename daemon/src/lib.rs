//! musterd: keeps broker credentials sealed, tests connections, and places every enabled account's
//! orders at the set time, once. See ARCHITECTURE.md for the layers.

pub mod broker;
pub mod callback;
pub mod cli;
pub mod clock;
pub mod config;
pub mod credential;
pub mod custody;
pub mod daemon;
pub mod domain;
pub mod egress;
pub mod engine;
pub mod failpoint;
pub mod passphrase;
pub mod server;
pub mod store;
pub mod systemd;
pub mod upkeep;
pub mod vault;

/// Memory is wiped when it is given back: what HTTP, TLS and JSON copied of a secret has no owner that would.
#[global_allocator]
static WIPING: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

#[cfg(test)]
mod tests;
