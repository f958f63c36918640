//! A broker that keeps the truth of every order, shows it late or old, and loses answers on request.

use std::collections::{BTreeMap, BTreeSet};

use muster_protocol::failure::FailureKind;
use muster_protocol::ids::{AccountId, IntentId, OrderId, OrderTag};
use muster_protocol::order::{Exchange, Side};
use muster_protocol::time::{SECOND, Timestamp};

use crate::domain::book::{BookRow, OrderState, Trade};
use crate::domain::effect::SendJob;
use crate::domain::intent::Cause;
use crate::domain::msg::Read;
use crate::domain::tag::PREFIX;

/// What becomes of one order call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fate {
    /// Taken and answered.
    #[default]
    Accept,
    /// Refused in the broker's words.
    Refuse,
    /// No connection was made.
    Unreachable,
    /// Never seen, and the answer is lost.
    Lose,
    /// Taken so many seconds later, and the answer is lost.
    Silent(u8),
    /// Taken, and answered after so many seconds.
    Slow(u8),
}

/// One order as the broker has it.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) intent: IntentId,
    pub(crate) tag: OrderTag,
    /// From when on the book knows it.
    pub(crate) arrives: Timestamp,
    quantity: u32,
    looks: (Exchange, String, Side),
}

/// The broker. Its clock is the real one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truth {
    pub(crate) orders: Vec<Placed>,
    /// Every order call that reached the network, by the tag it carried.
    pub(crate) posts: Vec<(IntentId, OrderTag)>,
    pub(crate) fates: BTreeMap<(AccountId, u8), Fate>,
    /// How old the books are that it shows, in seconds.
    pub(crate) lag: BTreeMap<AccountId, u8>,
    pub(crate) unreadable: BTreeSet<AccountId>,
}

/// An answer, and how many milliseconds it takes.
pub(crate) type Answer<T> = (Result<T, Cause>, i64);

impl Truth {
    /// An order call arrives, or does not.
    pub(crate) fn post(&mut self, job: &SendJob, now: Timestamp) -> Answer<OrderId> {
        self.posts.push((job.intent.clone(), job.tag.clone()));
        let fate = self.fates.remove(&(job.intent.account, job.intent.leg.0)).unwrap_or_default();
        let mut take = |after: u8| {
            let arrives = now.plus(i64::from(after) * SECOND);
            let (intent, tag) = (job.intent.clone(), job.tag.clone());
            let quantity = job.leg.quantity.get();
            let symbol = job.instrument.broker_symbol.clone();
            let looks = (job.leg.exchange, symbol, job.leg.side);
            self.orders.push(Placed { intent, tag, arrives, quantity, looks });
            OrderId((self.orders.len() - 1).to_string())
        };
        match fate {
            Fate::Accept => (Ok(take(0)), 50),
            Fate::Slow(seconds) => (Ok(take(0)), i64::from(seconds) * SECOND),
            Fate::Refuse => (Err(cause(FailureKind::Refused)), 50),
            Fate::Unreachable => (Err(cause(FailureKind::Unreachable)), 50),
            Fate::Lose => (Err(cause(FailureKind::InDoubt)), 2 * SECOND),
            Fate::Silent(seconds) => {
                take(seconds);
                (Err(cause(FailureKind::InDoubt)), 2 * SECOND)
            }
        }
    }

    /// The book as this account is shown it now.
    pub(crate) fn read(&self, account: AccountId, trades: bool, now: Timestamp) -> Answer<Read> {
        if self.unreadable.contains(&account) {
            return (Err(cause(FailureKind::Unreachable)), 100);
        }
        let lag = self.lag.get(&account).copied().unwrap_or(0);
        let as_of = now.plus(-i64::from(lag) * SECOND);
        let shown = self.orders.iter().enumerate().filter(|(_, order)| order.arrives <= as_of);
        let rows: Vec<BookRow> = shown.map(|(place, order)| row(place, order)).collect();
        let fills =
            rows.iter().map(|row| Trade { order_id: row.order_id.clone(), quantity: row.filled });
        let trades = trades.then(|| Ok(fills.collect()));
        (Ok(Read { rows, trades }), 80)
    }

    /// The broker's number of an order of this intent, whenever it arrives.
    pub(crate) fn number_of(&self, intent: &IntentId) -> Option<OrderId> {
        let place = self.orders.iter().position(|order| order.intent == *intent)?;
        Some(OrderId(place.to_string()))
    }

    /// I1, as the broker sees it: no tag was posted twice, and no order is there in two attempts.
    pub(crate) fn assert_at_most_once(&self) {
        let mut tags = BTreeSet::new();
        for (intent, tag) in &self.posts {
            assert!(tags.insert(tag), "I1: {intent} was posted twice as {tag:?}");
        }
        let mut prefixes = BTreeSet::new();
        for order in &self.orders {
            let prefix = order.tag.0.get(..PREFIX).unwrap();
            assert!(prefixes.insert(prefix), "I1: {} is at the broker twice", order.intent);
        }
    }
}

fn row(place: usize, order: &Placed) -> BookRow {
    let (exchange, symbol, side) = order.looks.clone();
    BookRow {
        order_id: OrderId(place.to_string()),
        tags: vec![order.tag.0.clone()],
        exchange: Some(exchange),
        symbol: Some(symbol),
        token: None,
        state: OrderState::Filled,
        status: "complete".to_owned(),
        filled: order.quantity,
        quantity: order.quantity.try_into().ok(),
        average: None,
        side: Some(side),
        text: None,
    }
}

const fn cause(kind: FailureKind) -> Cause {
    Cause { kind, says: None, ip_seen: None }
}
