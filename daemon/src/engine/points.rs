//! Which place for a crash a commit passes, by what its records say.

use super::perform::Note;
use crate::domain::intent::IntentEvent;
use crate::domain::record::Record;
use crate::domain::run::RunEvent;
use crate::failpoint::{Point, hit};

/// The points before and after the commit of one record, where its kind has them.
const fn around(record: &Record) -> Option<(Point, Point)> {
    match record {
        Record::Run(_, RunEvent::Frozen { .. }) => {
            Some((Point::BeforeFreeze, Point::FreezeDurable))
        }
        Record::Run(_, RunEvent::Fired { .. }) => Some((Point::BeforeFired, Point::FiredDurable)),
        Record::Run(_, RunEvent::Closed { .. }) => Some((Point::BeforeClose, Point::CloseDurable)),
        Record::Intent(_, event) => match event {
            IntentEvent::Sending { .. } => Some((Point::BeforeSending, Point::SendingDurable)),
            IntentEvent::Accepted { .. }
            | IntentEvent::Refused { .. }
            | IntentEvent::NotSent { .. } => Some((Point::BeforeOutcome, Point::OutcomeDurable)),
            IntentEvent::Doubted { .. } => Some((Point::BeforeDoubt, Point::DoubtDurable)),
            IntentEvent::Found { .. } | IntentEvent::Missing { .. } => {
                Some((Point::BeforeEvidence, Point::EvidenceDurable))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The note's records go to the writer.
pub(super) fn submitted(note: &Note, audited: bool) {
    note.records.iter().filter_map(around).for_each(|(before, _)| hit(before));
    if audited {
        hit(Point::BeforeAudit);
    }
}

/// They are durable, and nothing has followed from that.
pub(super) fn durable(note: &Note) {
    note.records.iter().filter_map(around).for_each(|(_, after)| hit(after));
    if !note.acks.is_empty() {
        hit(Point::AuditDurable);
    }
}
