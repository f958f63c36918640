//! Rate limits on the exchange clock, as a table: so many calls of a kind in so many seconds.

use std::collections::HashMap;

use jiff::Timestamp;

use super::account::Broker;
use crate::sandbox::net::route::Operation;
use crate::sandbox::rules::RateLimits;

/// One limit of one account.
#[derive(Debug)]
struct Limit {
    broker: Broker,
    operations: &'static [Operation],
    calls: usize,
    seconds: i64,
}

/// The calls that some limit still counts, by who made them.
#[derive(Debug, Default)]
pub(crate) struct Limiter(HashMap<(Broker, String), Vec<Call>>);

#[derive(Debug)]
struct Call {
    operation: Operation,
    at: Timestamp,
}

/// What was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// So many in a second.
    Rate,
    /// So many in a longer time.
    Cap,
}

impl Limiter {
    /// Counts a call and says whether it is within its limits; a refused call is not counted.
    pub(crate) fn admit(
        &mut self,
        broker: Broker,
        account: &str,
        operation: Operation,
        (now, which): (Timestamp, RateLimits),
    ) -> Result<(), Excess> {
        let kept = LIMITS.iter().filter(|limit| limit.broker == broker && limit.is_kept(which));
        let mine: Vec<&Limit> =
            kept.filter(|limit| limit.operations.contains(&operation)).collect();
        let Some(memory) = mine.iter().map(|limit| limit.seconds).max() else { return Ok(()) };
        let calls = self.0.entry((broker, account.to_owned())).or_default();
        let age = |call: &Call| now.as_millisecond() - call.at.as_millisecond();
        let memory = if which == RateLimits::All { LONGEST } else { memory };
        calls.retain(|call| (0..memory * 1000).contains(&age(call)));
        let is_full = |limit: &&&Limit| {
            let counted = calls.iter().filter(|call| {
                limit.operations.contains(&call.operation) && age(call) < limit.seconds * 1000
            });
            counted.count() >= limit.calls
        };
        if let Some(limit) = mine.iter().find(is_full) {
            return Err(if limit.seconds == 1 { Excess::Rate } else { Excess::Cap });
        }
        calls.push(Call { operation, at: now });
        Ok(())
    }
}

impl Limit {
    fn is_kept(&self, which: RateLimits) -> bool {
        let of_orders = self.operations.iter().all(|operation| ORDERS.contains(operation));
        match which {
            RateLimits::Off => false,
            RateLimits::Orders => of_orders,
            RateLimits::All => true,
        }
    }
}

const fn angel(operations: &'static [Operation], calls: usize, seconds: i64) -> Limit {
    Limit { broker: Broker::AngelOne, operations, calls, seconds }
}

const fn kite(operations: &'static [Operation], calls: usize, seconds: i64) -> Limit {
    Limit { broker: Broker::Kite, operations, calls, seconds }
}

const LONGEST: i64 = DAY;
const DAY: i64 = 86_400;
const ORDERS: &[Operation] = &[Operation::Place, Operation::Modify, Operation::Cancel];

/// Whether the minute and the hour are each call's own or all calls' together is not told; here together.
const DATA: &[Operation] =
    &[Operation::Order, Operation::Ltp, Operation::Quote, Operation::Margin, Operation::Convert];

const LIMITS: &[Limit] = &[
    angel(ORDERS, 9, 1),
    angel(ORDERS, 500, 60),
    angel(ORDERS, 1000, 3600),
    angel(&[Operation::Login], 1, 1),
    angel(&[Operation::Refresh], 1, 1),
    angel(&[Operation::Refresh], 1000, 3600),
    angel(&[Operation::Logout], 1, 1),
    angel(&[Operation::Profile], 3, 1),
    angel(&[Operation::Profile], 1000, 3600),
    angel(&[Operation::Funds], 2, 1),
    angel(&[Operation::Book], 1, 1),
    angel(&[Operation::Trades], 1, 1),
    angel(&[Operation::Positions], 1, 1),
    angel(&[Operation::Holdings], 1, 1),
    angel(&[Operation::Search], 1, 1),
    angel(DATA, 10, 1),
    // The table says ten a second, the page on prices one for several instruments: both are kept.
    angel(&[Operation::Quote], 1, 1),
    angel(DATA, 500, 60),
    angel(DATA, 5000, 3600),
    angel(&[Operation::Candles], 3, 1),
    angel(&[Operation::Candles], 180, 60),
    angel(&[Operation::Candles], 5000, 3600),
    // Whether changes and cancellations count within the second is not known; here they do.
    kite(ORDERS, 10, 1),
    kite(&[Operation::Place], 400, 60),
    kite(&[Operation::Place], 5000, DAY),
    kite(&[Operation::Ltp, Operation::Quote], 1, 1),
    kite(&[Operation::Candles], 3, 1),
    kite(
        &[
            Operation::Login,
            Operation::Refresh,
            Operation::Logout,
            Operation::Profile,
            Operation::Funds,
            Operation::Book,
            Operation::Order,
            Operation::Trades,
            Operation::OrderTrades,
            Operation::Positions,
            Operation::Holdings,
            Operation::Authorise,
            Operation::Convert,
            Operation::Margin,
            Operation::Charges,
        ],
        10,
        1,
    ),
];
