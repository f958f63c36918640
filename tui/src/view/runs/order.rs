//! An order in words: how it stands, what was filled, why it was not.

use muster_protocol::order::Leg;
use muster_protocol::run::{IntentStatus, IntentView};

use crate::glyph::Mark;
use crate::text;

/// The mark that goes with an order's status.
pub(crate) const fn mark_of(status: IntentStatus) -> Mark {
    match status {
        IntentStatus::Accepted | IntentStatus::Filled | IntentStatus::Rehearsed => Mark::Good,
        IntentStatus::Sending | IntentStatus::Open | IntentStatus::PartlyFilled => Mark::Busy,
        IntentStatus::Planned => Mark::Off,
        IntentStatus::Refused
        | IntentStatus::Rejected
        | IntentStatus::Cancelled
        | IntentStatus::NotSent
        | IntentStatus::InDoubt
        | IntentStatus::Missed => Mark::Bad,
    }
}

/// `BUY NSE:SBIN 20`.
pub(super) fn leg_words(leg: &Leg) -> String {
    format!("{} {}:{} {}", leg.side.code(), leg.exchange, leg.symbol, leg.quantity)
}

/// An account's orders in a few words: how many went well, and the one that needs a look.
pub(super) fn account_words(intents: &[&IntentView], worst: &IntentView) -> String {
    let good = intents.iter().filter(|i| went_well(i.status)).count();
    let mut words = format!("{good}/{} {}", intents.len(), worst.status.words());
    if mark_of(worst.status) != Mark::Good {
        let more = [fills(worst), why(worst)].join(" ");
        words = format!("{words}: {} {}", worst.leg.symbol, more.trim());
    }
    words.trim_end().to_owned()
}

const fn went_well(status: IntentStatus) -> bool {
    matches!(
        status,
        IntentStatus::Accepted
            | IntentStatus::Open
            | IntentStatus::PartlyFilled
            | IntentStatus::Filled
            | IntentStatus::Rehearsed
    )
}

/// An order in a line. What is longest comes last: it may be cut, the time must not.
pub(crate) fn order_words(intent: &IntentView) -> String {
    let took = intent.took_ms.map(|ms| format!("{ms}ms")).unwrap_or_default();
    let order = intent.order_id.as_ref().map(|id| format!("#{id}")).unwrap_or_default();
    let head = format!(
        "{} {} {}",
        text::fit(intent.status.words(), 13),
        text::right(&took, 6),
        leg_words(&intent.leg),
    );
    let tail = [fills(intent), why(intent), order];
    let tail: Vec<_> = tail.into_iter().filter(|words| !words.is_empty()).collect();
    format!("{head} {}", tail.join(" ")).trim_end().to_owned()
}

/// `12 of 20 at 842.15`, once anything is filled.
fn fills(intent: &IntentView) -> String {
    if intent.filled == 0 {
        return String::new();
    }
    let at = intent.average.map(|paise| format!(" at {}", paise.rupees())).unwrap_or_default();
    if intent.status == IntentStatus::Filled {
        return at.trim_start().to_owned();
    }
    format!("{} of {}{at}", intent.filled, intent.leg.quantity)
}

/// The reason behind a status, if there is one.
fn why(intent: &IntentView) -> String {
    let failure = intent.failure.as_ref();
    let failure = failure.map(|why| why.broker_says.clone().unwrap_or_else(|| why.means.clone()));
    failure.or_else(|| intent.book_says.clone()).unwrap_or_default()
}
