//! The last look before an order leaves: a task that was spawned before a halt and starts after it
//! finds the gate shut, and so does one that waited for so long that the run's window is over, as after a
//! machine has slept. The model decides; this only carries it to the tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use muster_protocol::halt::HaltScope;
use muster_protocol::ids::{RunId, UserId};
use muster_protocol::time::Timestamp;

use crate::domain::model::Model;

/// What is stopped, for tasks that send.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<RwLock<Stopped>>);

#[derive(Default, PartialEq, Eq)]
struct Stopped {
    halts: BTreeSet<HaltScope>,
    called_off: BTreeMap<RunId, &'static str>,
}

/// An order that is about to leave.
pub(super) struct Leaving {
    pub(super) user: UserId,
    pub(super) run: RunId,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl Gate {
    /// Takes over what the model says; before the halt is acknowledged.
    pub(super) fn set(&self, model: &Model) {
        let same = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            known.halts == model.halts && known.called_off == model.called_off
        };
        if !same {
            let (halts, called_off) = (model.halts.clone(), model.called_off.clone());
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = Stopped { halts, called_off };
        }
    }

    /// Why an order must not leave now, if so.
    pub(super) fn shut(&self, order: &Leaving, now: Timestamp) -> Option<String> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.halts.iter().any(|scope| scope.holds(&order.user, &order.run.plan)) {
            return Some("halted before it left".to_owned());
        }
        if let Some(why) = known.called_off.get(&order.run) {
            return Some(format!("{why} before it left"));
        }
        let open = order.from <= now && now < order.until;
        (!open).then(|| {
            format!("its window was not open when it was about to leave, at {}", now.clock())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Calendar;
    use crate::domain::tests::settings;

    /// The machine slept, or the price took its time: the task comes to the post when nobody expects it.
    #[test]
    fn nothing_leaves_before_its_time_after_its_window_or_once_it_is_stopped() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let (user, run): (UserId, RunId) =
            ("asha".parse().unwrap(), "btst@2026-11-23".to_owned().try_into().unwrap());
        let (from, until) = (at(10), at(20));
        let order = Leaving { user: user.clone(), run: run.clone(), from, until };
        let mut model = Model::new(settings(), Calendar::built_in(), at(0));
        let gate = Gate::default();
        let open = |second: i64| gate.shut(&order, at(second)).is_none();
        assert!(open(10) && open(19) && !open(9) && !open(20) && !open(3_600));
        model.halts.insert(HaltScope::User(user));
        gate.set(&model);
        assert!(!open(10));
        model.halts.clear();
        model.called_off.insert(run, "the plan was disarmed");
        gate.set(&model);
        assert_eq!(gate.shut(&order, at(10)).unwrap(), "the plan was disarmed before it left");
        model.called_off.clear();
        gate.set(&model);
        assert!(open(10));
    }
}
