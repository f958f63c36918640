//! The last look before an order leaves: a task that was spawned before a halt and starts after it
//! finds the gate shut. The model decides what is halted; this only carries it to the tasks.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use muster_protocol::halt::HaltScope;
use muster_protocol::ids::{PlanId, UserId};

/// What is halted, for tasks that send.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<RwLock<BTreeSet<HaltScope>>>);

impl Gate {
    /// Takes over what the model says; before the halt is acknowledged.
    pub(super) fn set(&self, halts: &BTreeSet<HaltScope>) {
        let same = *self.0.read().unwrap_or_else(PoisonError::into_inner) == *halts;
        if !same {
            self.0.write().unwrap_or_else(PoisonError::into_inner).clone_from(halts);
        }
    }

    /// Whether an order of this person under this plan may leave.
    pub(super) fn is_open(&self, user: &UserId, plan: &PlanId) -> bool {
        let halts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        !halts.iter().any(|scope| scope.holds(user, plan))
    }
}
