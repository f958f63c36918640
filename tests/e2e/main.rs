//! The whole product over real borders: a real daemon on a real store, a real socket, real HTTP
//! against the sandbox.

#[cfg(test)]
mod backup;
mod books;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod day;
mod demo;
#[cfg(test)]
mod fair;
#[cfg(test)]
mod hunt;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod slow_reader;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod vault;
#[cfg(test)]
mod wire;
