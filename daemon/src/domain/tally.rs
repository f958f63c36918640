//! The tally of one account in one run: what we say is at the broker, against its book and its trades.

use muster_protocol::ids::{AccountId, IntentId, OrderId};
use muster_protocol::order::Exchange;
use muster_protocol::run::IntentStatus;
use muster_protocol::tally::{TallyLine, TallyVerdict};
use muster_protocol::time::{TimeOfDay, Timestamp};

use super::book::{Book, OrderState, Trade};
use super::intent::Intent;
use super::likeness::Tagged;
use super::model::Model;
use super::run::{Participant, Run};

/// When the orders of an exchange are no longer followed: after its latest session of the day, closing
/// auction and post-close included (cash and equity derivatives), else after evening trading. Angel
/// One's sessions end at midnight, so nothing can be read later.
const fn followed_until(exchange: Exchange) -> TimeOfDay {
    match exchange {
        Exchange::Nse | Exchange::Bse | Exchange::Nfo | Exchange::Bfo => TimeOfDay::hm(16, 5),
        Exchange::Cds => TimeOfDay::hm(17, 15),
        Exchange::Mcx => TimeOfDay::hm(23, 57),
    }
}

/// The instant after which a run's orders are not followed any more.
pub fn follow_until(run: &Run) -> Timestamp {
    let date = run.fixed.fire_at.date();
    let ends = run.fixed.legs.iter().map(|leg| date.at(followed_until(leg.exchange)));
    ends.max().unwrap_or(run.fixed.window_until).max(run.fixed.window_until)
}

/// A line that says only that nothing is known, and why.
pub fn unknown(part: &Participant, why: &str) -> TallyLine {
    TallyLine {
        account: part.account,
        user: part.user.clone(),
        broker: part.broker,
        verdict: TallyVerdict::Unknown,
        placed: 0,
        booked: 0,
        filled: 0,
        traded: 0,
        notes: vec![why.to_owned()],
    }
}

/// Compares an account's intents of a run with the book and the trades just read.
pub fn line(
    model: &Model,
    (id, run): (&muster_protocol::ids::RunId, &Run),
    part: &Participant,
    book: &Book<'_>,
    trades: &[Trade],
) -> TallyLine {
    let mut line = TallyLine { notes: Vec::new(), ..unknown(part, "") };
    let mut in_doubt = 0_u32;
    for (leg, intent) in model.legs_of(id, part.account) {
        if intent.status() == IntentStatus::InDoubt {
            in_doubt = in_doubt.saturating_add(1);
            continue;
        }
        let tagged = model.tagged(leg, intent, book);
        for (row, how) in &tagged.others {
            line.notes.push(format!("{leg}: its tag is on another order, {}: {how}", row.order_id));
        }
        match intent.stage.at_broker() {
            Some((order_id, _)) => placed(&mut line, (run, leg, &tagged), order_id, book, trades),
            None => not_placed(&mut line, leg, intent, &tagged),
        }
    }
    let strange = model.strange_orders(part.account, id.date, book.all()).len();
    if strange > 0 {
        line.notes
            .push(format!("STRANGE: {strange} orders of Muster that this store does not know"));
    }
    line.verdict = match (in_doubt, line.notes.is_empty()) {
        (_, false) => TallyVerdict::Diff,
        (0, true) => TallyVerdict::Pass,
        (_, true) => TallyVerdict::Unknown,
    };
    if in_doubt > 0 {
        let orders = if in_doubt == 1 { "1 order is" } else { "more than one order is" };
        line.notes.push(format!("{orders} still in doubt"));
    }
    line
}

fn placed(
    line: &mut TallyLine,
    (run, leg, tagged): (&Run, &IntentId, &Tagged<'_>),
    order_id: &OrderId,
    book: &Book<'_>,
    trades: &[Trade],
) {
    line.placed = line.placed.saturating_add(1);
    let Some(row) = book.order(order_id) else {
        line.notes.push(format!("order {order_id} is not in the book"));
        return;
    };
    line.booked = line.booked.saturating_add(1);
    line.filled = line.filled.saturating_add(row.filled);
    let mine = trades.iter().filter(|trade| trade.order_id == *order_id);
    let units = mine.fold(0_u32, |sum, trade| sum.saturating_add(trade.quantity));
    line.traded = line.traded.saturating_add(units);
    let mut note = |differs: bool, what: String| {
        if differs {
            line.notes.push(format!("order {order_id}: {what}"));
        }
    };
    note(units != row.filled, format!("the book has {} filled, the trades {units}", row.filled));
    if let Some(wanted) = run.leg_of(leg.account, leg.leg) {
        let quantity = wanted.quantity;
        let booked = row.quantity.filter(|booked| *booked != quantity);
        if let Some(booked) = booked {
            note(true, format!("{quantity} were to be ordered, the book has {booked}"));
        }
        let side = row.side.filter(|side| *side != wanted.side);
        if let Some(side) = side {
            let (want, has) = (wanted.side.code(), side.code());
            note(true, format!("it was to be {want}, the book has {has}"));
        }
        let short = row.state == OrderState::Filled && row.filled != quantity.get();
        note(short, format!("filled in the book's word, but {} of {quantity}", row.filled));
    }
    for other in tagged.ours.iter().map(|row| &row.order_id).filter(|id| *id != order_id) {
        line.booked = line.booked.saturating_add(1);
        line.notes.push(format!("DUPLICATE: order {other} beside {order_id}"));
    }
}

fn not_placed(line: &mut TallyLine, leg: &IntentId, intent: &Intent, tagged: &Tagged<'_>) {
    let working = tagged.ours.iter().filter(|row| row.state != OrderState::Rejected);
    for row in working {
        line.booked = line.booked.saturating_add(1);
        let words = intent.status().words();
        line.notes.push(format!("{leg} is {words}, but the book has {}", row.order_id));
    }
}

/// Whether every order of the account in this run has come to its end.
pub fn at_its_end(model: &Model, run: &muster_protocol::ids::RunId, account: AccountId) -> bool {
    let open = |status: IntentStatus| status.is_working() || status == IntentStatus::InDoubt;
    !model.legs_of(run, account).any(|(_, intent)| open(intent.status()))
}
