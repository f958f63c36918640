//! The whole product over real borders: a real daemon on a real store, a real socket, real HTTP
//! against the sandbox.

#[cfg(test)]
mod backup;
mod connect;
#[cfg(test)]
mod day;
mod memory;
mod vault;
