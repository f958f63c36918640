//! What is said of a transaction that took its time: what it was, and who waits for it.

use std::time::Duration;

use super::perform::Note;
use crate::domain::intent::IntentEvent;
use crate::domain::record::{OfOrders, Record};
use crate::domain::run::RunEvent;

/// A commit that takes longer is worth a person's attention: a run waits for its commits.
const SLOW: Duration = Duration::from_secs(1);

/// What a slow transaction was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Orders leave, are cancelled or sent again when it is durable.
    Orders,
    /// Runs of last week go to the archive.
    Archive,
    /// Old journal entries are packed.
    Pack,
    /// Somebody has asked for something and waits.
    Asked,
    /// What has happened is written down.
    Records,
}

impl Purpose {
    /// Of the turn's work, what matters most.
    fn of(note: &Note) -> Self {
        if note.records.iter().any(orders_wait) {
            Self::Orders
        } else if note.records.iter().any(is_archived) {
            Self::Archive
        } else if note.packs {
            Self::Pack
        } else if note.acks.is_empty() {
            Self::Records
        } else {
            Self::Asked
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Orders => "the disk is slow to make records durable; orders wait for it",
            Self::Archive => "the disk is slow to archive old runs; no order waits for that",
            Self::Pack => "the disk is slow to pack old journal entries; no order waits for that",
            Self::Asked => "the disk is slow to make records durable; who asked for it waits",
            Self::Records => "the disk is slow to make records durable",
        }
    }
}

/// Warns of a transaction that was long on its way to the disk.
pub(super) fn warn(note: &Note) {
    let took = note.since.map_or(Duration::ZERO, |since| since.elapsed());
    if took > SLOW {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(took_ms, "{}", Purpose::of(note).words());
    }
}

const fn orders_wait(record: &Record) -> bool {
    match record.of_orders() {
        Some(OfOrders::Run(event)) => {
            matches!(event, RunEvent::Frozen { .. } | RunEvent::Fired { .. })
        }
        Some(OfOrders::Intent(event)) => matches!(
            event,
            IntentEvent::Sending { .. }
                | IntentEvent::Cancelling { .. }
                | IntentEvent::Retried { .. }
        ),
        None => false,
    }
}

const fn is_archived(record: &Record) -> bool {
    matches!(record, Record::Run(_, RunEvent::Archived { .. }))
}

#[cfg(test)]
mod tests {
    use muster_protocol::ids::RunId;
    use muster_protocol::time::Timestamp;

    use super::*;
    use crate::domain::effect::Answer;
    use crate::domain::msg::ReplyTo;
    use crate::domain::tests::archive::a_week_later;

    /// The records of a week, one that says that its run was archived among them.
    fn records() -> (Vec<Record>, Record) {
        let (log, run, now) = a_week_later();
        let event = archived(&log, &run, now);
        (log, Record::Run(run, event))
    }

    fn archived(log: &[Record], run: &RunId, at: Timestamp) -> RunEvent {
        let model = crate::domain::archive::replayed(log);
        let remains = Box::new(model.remains(run).unwrap());
        RunEvent::Archived { remains, last: Vec::new(), at }
    }

    /// Archiving and packing were said to keep orders waiting, in hours in which there are none.
    #[test]
    fn orders_are_said_to_wait_only_where_they_do() {
        let (log, archived) = records();
        let said = |records: Vec<Record>, packs: bool| {
            Purpose::of(&Note { records, packs, ..Note::default() })
        };
        assert_eq!(said(Vec::new(), true), Purpose::Pack);
        assert_eq!(said(Vec::new(), false), Purpose::Records);
        assert_eq!(said(vec![archived.clone()], true), Purpose::Archive);
        let leaving =
            |record: &&Record| matches!(record, Record::Intent(_, IntentEvent::Sending { .. }));
        let leaving = log.iter().find(leaving).unwrap().clone();
        assert_eq!(said(vec![archived, leaving], true), Purpose::Orders);
        let fired = log.iter().filter(|r| matches!(r, Record::Run(_, RunEvent::Fired { .. })));
        assert_eq!(said(fired.cloned().collect(), false), Purpose::Orders);
        let over = |r: &&Record| {
            matches!(r, Record::Run(_, RunEvent::Closed { .. } | RunEvent::Tallied { .. }))
        };
        assert_eq!(said(log.iter().filter(over).cloned().collect(), false), Purpose::Records);
        let acks = vec![(ReplyTo(1), Answer::Done)];
        assert_eq!(Purpose::of(&Note { acks, ..Note::default() }), Purpose::Asked);
        for purpose in [Purpose::Archive, Purpose::Pack, Purpose::Asked, Purpose::Records] {
            assert!(!purpose.words().contains("orders wait"), "{}", purpose.words());
        }
        assert!(Purpose::Orders.words().contains("orders wait"));
    }
}
