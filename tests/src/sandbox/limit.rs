//! Rate limits on the exchange clock, as a table of classes.

use jiff::Timestamp;

use super::account::Broker;
use super::net::route::Operation;

/// One limit: so many calls of this kind a second for one account.
#[derive(Debug)]
struct Limit {
    broker: Broker,
    operations: &'static [Operation],
    per_second: usize,
}

/// The calls of the last second.
#[derive(Debug, Default)]
pub(crate) struct Limiter(Vec<Call>);

#[derive(Debug)]
struct Call {
    limit: usize,
    account: String,
    at: Timestamp,
}

impl Limiter {
    /// Counts a call and says whether it is within its limits; a refused call is not counted.
    pub(crate) fn admit(
        &mut self,
        broker: Broker,
        account: &str,
        operation: Operation,
        now: Timestamp,
    ) -> bool {
        let millisecond = now.as_millisecond();
        self.0.retain(|call| (0..1000).contains(&(millisecond - call.at.as_millisecond())));
        let applies = |limit: &&(usize, &Limit)| {
            limit.1.broker == broker && limit.1.operations.contains(&operation)
        };
        let rows: Vec<_> = LIMITS.iter().enumerate().collect();
        let mine: Vec<_> = rows.iter().filter(applies).collect();
        let full = mine.iter().any(|(at, limit)| {
            let used = self.0.iter().filter(|call| call.limit == *at && call.account == account);
            used.count() >= limit.per_second
        });
        if !full {
            let call = |limit| Call { limit, account: account.to_owned(), at: now };
            self.0.extend(mine.iter().map(|(at, _)| call(*at)));
        }
        !full
    }
}

const LIMITS: &[Limit] = &[
    Limit {
        broker: Broker::AngelOne,
        operations: &[Operation::Place, Operation::Modify, Operation::Cancel],
        per_second: 9,
    },
    Limit {
        broker: Broker::Kite,
        operations: &[Operation::Place, Operation::Modify, Operation::Cancel],
        per_second: 10,
    },
];
