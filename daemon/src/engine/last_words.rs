//! What everybody who waits is told when the store takes no more: the engine ends right after.

use muster_protocol::frame::{Code, Failure};

use super::handle::Input;
use super::{Engine, EngineError};

impl Engine {
    /// Refuses what was asked and is not on record, as far as anybody can tell: a write that failed may
    /// have reached the disk. What waits for its record was not begun.
    pub(super) fn refuse_all(&mut self, error: &EngineError) {
        let cause = match error {
            EngineError::Store(cause) => cause.to_string(),
            EngineError::Thread(_) => error.to_string(),
        };
        let why = format!(
            "refused, since it cannot be written down: {cause}. Nothing of it was begun. The daemon ends; look \
             at its disk, start it again, and see with `muster audit list` that it is not there"
        );
        let failure = Failure::new(Code::Internal, why);
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            // The peer may have gone.
            drop(waiting.send(Err(failure.clone())));
        }
        self.inputs.close();
        while let Ok(input) = self.inputs.try_recv() {
            match input {
                Input::Ask { reply, .. } => drop(reply.send(Err(failure.clone()))),
                Input::Subscribe { reply, .. } => drop(reply.send(Err(failure.clone()))),
                Input::Redirect { reply, .. } => drop(reply.send(Err(failure.clone()))),
            }
        }
    }
}
