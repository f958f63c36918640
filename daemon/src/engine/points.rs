//! Which place for a crash a commit passes, by what its records say.

use super::perform::Note;
use crate::domain::intent::IntentEvent;
use crate::domain::record::{OfOrders, Record};
use crate::domain::run::RunEvent;
use crate::failpoint::{Point, hit};

/// The points before and after the commit of one record, where its kind has them.
const fn around(record: &Record) -> Option<(Point, Point)> {
    match record.of_orders() {
        Some(OfOrders::Run(event)) => of_run(event),
        Some(OfOrders::Intent(event)) => of_intent(event),
        // What a person asked for has points of its own; the rest changes nothing about orders.
        None => None,
    }
}

const fn of_run(event: &RunEvent) -> Option<(Point, Point)> {
    Some(match event {
        RunEvent::Frozen { .. } => (Point::BeforeFreeze, Point::FreezeDurable),
        RunEvent::Fired { .. } => (Point::BeforeFired, Point::FiredDurable),
        RunEvent::Closed { .. } => (Point::BeforeClose, Point::CloseDurable),
        RunEvent::Tallied { .. } => (Point::BeforeTally, Point::TallyDurable),
        RunEvent::Archived { .. } => (Point::BeforeArchive, Point::ArchiveDurable),
        RunEvent::Missed { .. } => return None,
    })
}

const fn of_intent(event: &IntentEvent) -> Option<(Point, Point)> {
    Some(match event {
        IntentEvent::Sending { .. } => (Point::BeforeSending, Point::SendingDurable),
        IntentEvent::Accepted { .. }
        | IntentEvent::Refused { .. }
        | IntentEvent::NotSent { .. } => (Point::BeforeOutcome, Point::OutcomeDurable),
        IntentEvent::Doubted { .. } => (Point::BeforeDoubt, Point::DoubtDurable),
        IntentEvent::Found { .. }
        | IntentEvent::Missing { .. }
        | IntentEvent::Absent { .. }
        | IntentEvent::Followed { .. }
        | IntentEvent::Duplicated { .. } => (Point::BeforeEvidence, Point::EvidenceDurable),
        IntentEvent::Cancelling { .. } => (Point::BeforeCancelling, Point::CancellingDurable),
        IntentEvent::Missed { .. }
        | IntentEvent::Rehearsed { .. }
        | IntentEvent::SaidPlaced { .. }
        | IntentEvent::SaidNotPlaced { .. }
        | IntentEvent::Retried { .. } => return None,
    })
}

/// The note's records go to the writer.
pub(super) fn submitted(note: &Note, audited: bool) {
    note.records.iter().filter_map(around).for_each(|(before, _)| hit(before));
    if audited {
        hit(Point::BeforeAudit);
    }
    if note.packs {
        hit(Point::BeforePack);
    }
}

/// They are durable, and nothing has followed from that.
pub(super) fn durable(note: &Note) {
    note.records.iter().filter_map(around).for_each(|(_, after)| hit(after));
    if !note.acks.is_empty() {
        hit(Point::AuditDurable);
    }
    if note.packs {
        hit(Point::PackDurable);
    }
}
