//! The one count that matters: our records against the brokers' own books.

use std::collections::BTreeMap;

use muster_protocol::run::{IntentStatus, IntentView};
use serde::Serialize;

use crate::sandbox::OrderRecord;

/// How our intents and the brokers' books compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub struct Tally {
    /// Orders in the books beyond the first with the same tag, or with a tag no intent has.
    pub duplicates: usize,
    /// Intents we call accepted that no book has, and orders in a book we do not call accepted or
    /// in doubt.
    pub lost: usize,
}

/// Compares intents with books.
pub fn tally(intents: &[IntentView], books: &[OrderRecord]) -> Tally {
    let mut by_tag: BTreeMap<&str, usize> = BTreeMap::new();
    for order in books {
        *by_tag.entry(order.tag.as_deref().unwrap_or("")).or_default() += 1;
    }
    let mut tally = Tally::default();
    for intent in intents {
        let tag = intent.tag.as_ref().map_or("", |tag| tag.0.as_str());
        let booked = by_tag.remove(tag).unwrap_or(0);
        tally.duplicates += booked.saturating_sub(1);
        let settled = match intent.status {
            IntentStatus::Accepted
            | IntentStatus::Open
            | IntentStatus::PartlyFilled
            | IntentStatus::Filled
            | IntentStatus::Rejected
            | IntentStatus::Cancelled => booked > 0,
            // In doubt means that it may be there or not; a broker that refuses may keep a rejected row.
            IntentStatus::InDoubt | IntentStatus::Refused => true,
            IntentStatus::Planned
            | IntentStatus::Sending
            | IntentStatus::NotSent
            | IntentStatus::Missed
            | IntentStatus::Rehearsed => booked == 0,
        };
        tally.lost += usize::from(!settled);
    }
    // What is left carries a tag of no intent: somebody else's order, or one too many.
    tally.duplicates += by_tag.values().sum::<usize>();
    tally
}
