//! The brokers' clocks against ours, measured on every answer they give.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use muster_protocol::order::Broker;
use muster_protocol::status::ClockOffset;
use muster_protocol::time::Timestamp;

use crate::broker::http::{Dates, Moment, Watch, least_offset};
use crate::clock::Clock;
use crate::domain::clock_guard::Measured;

/// What was last measured at each broker.
pub(super) struct Offsets {
    clock: Arc<dyn Clock>,
    measured: Mutex<BTreeMap<Broker, Measured>>,
}

impl Offsets {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, measured: Mutex::default() })
    }

    /// What a broker's clients tell their dates.
    pub(super) fn of(self: &Arc<Self>, broker: Broker) -> Dates {
        Dates(Arc::new(OfBroker { offsets: Arc::clone(self), broker }))
    }

    pub(super) fn all(&self) -> Vec<Measured> {
        let kept = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        kept.values().copied().collect()
    }
}

struct OfBroker {
    offsets: Arc<Offsets>,
    broker: Broker,
}

impl Watch for OfBroker {
    fn moment(&self) -> Moment {
        let shown = self.offsets.clock.shown();
        Moment { wall: Timestamp::from_millis(shown.wall_us / 1_000), steady_ms: shown.steady_ms }
    }

    fn dated(&self, date: Timestamp, sent: Moment) {
        let at = self.offsets.clock.now();
        let offset_ms = least_offset(date, sent.wall, at);
        let offset = ClockOffset { broker: self.broker, offset_ms, at };
        // What was asked for before the clock was set proves nothing of the clock after it.
        let measured = Measured { offset, steady_ms: sent.steady_ms };
        let mut kept = self.offsets.measured.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(self.broker, measured);
    }
}
