//! The whole product over real borders: a real daemon on a real store, a real socket, real HTTP
//! against the sandbox.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod archive;
#[cfg(test)]
mod backup;
mod books;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod day;
mod demo;
#[cfg(test)]
mod fair;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod golden_store;
mod halt;
#[cfg(test)]
mod hunt;
#[cfg(test)]
mod hygiene;
#[cfg(test)]
mod instruments;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod many;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod muster;
#[cfg(test)]
mod packed;
#[cfg(test)]
mod panics;
#[cfg(test)]
mod person;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod pricing;
#[cfg(test)]
mod proxied;
#[cfg(test)]
mod roles;
mod run_now;
#[cfg(test)]
mod sealed_memory;
#[cfg(test)]
mod slow_reader;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod twins;
mod vault;
#[cfg(test)]
mod wire;
