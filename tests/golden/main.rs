//! The lines on the socket, byte for byte: what is written here has been said to clients, and
//! may only change together with the protocol's version or as an addition.

#[cfg(test)]
mod days;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod replies;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod samples;
