//! A transition that a machine does not have.

/// An event that does not fit the state it met. Live it is a fault of ours and nothing is done;
/// at replay it means the store holds what this build would not have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{machine}: the event {event} does not fit the state {state}")]
pub struct Illegal {
    /// Which machine.
    pub machine: &'static str,
    /// Where it stood.
    pub state: &'static str,
    /// What it met.
    pub event: &'static str,
}
