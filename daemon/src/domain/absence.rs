//! The proof that the broker does not have an order in doubt. Time alone proves nothing: a book that
//! does not show an order may be old, or the order may still be on its way.

use muster_protocol::order::{Broker, PriceRule};
use muster_protocol::time::{SECOND, Timestamp};

/// How long after the doubt an order may still arrive, in milliseconds: more than a request's time-out
/// and more than the latest arrival either broker is known for (Kite's order history lags by seconds;
/// 30 s is a guess on the safe side). After a crash it counts from the restart, not from the send.
pub const SETTLE_MS: i64 = 30 * SECOND;

/// The least time between two reads that prove something together.
pub const APART_MS: i64 = 2 * SECOND;

/// Whether an order can be found by its tag, without which nothing proves it absent. Whether Kite keeps it on
/// a protected MARKET order is not known: a row was published with the system's tags alone.
pub fn keeps_tag(broker: Broker, price: PriceRule) -> bool {
    !(broker == Broker::Zerodha && price == PriceRule::Market)
}

/// One read of a whole order book that did not show the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clean {
    /// When the read started.
    pub started: Timestamp,
    /// The book shows another order of the account that was accepted at about the same time: it is no
    /// old copy.
    pub witness: bool,
}

/// Whether these reads, in order and with none between them that showed the order, prove that an order
/// in doubt since then is not at the broker: two reads apart, both after the settling time, with a
/// witness of their freshness, or a third one after another settling time.
pub fn is_proven(since: Timestamp, reads: &[Clean]) -> bool {
    let settled = since.plus(SETTLE_MS);
    let mut counted = reads.iter().filter(|read| read.started >= settled);
    let Some(first) = counted.next() else { return false };
    let apart = |read: &&Clean| read.started.since(first.started) >= APART_MS;
    let Some(second) = counted.clone().find(apart) else { return false };
    let witness = first.witness && second.witness;
    let later = |read: &Clean| read.started > second.started;
    witness || counted.any(|read| later(read) && read.started >= settled.plus(SETTLE_MS))
}

#[cfg(test)]
mod tests {
    use muster_protocol::money::Paise;

    use super::*;

    #[test]
    fn a_market_order_at_kite_may_be_there_without_its_tag() {
        let limit = PriceRule::Limit { price: Paise(100) };
        assert!(!keeps_tag(Broker::Zerodha, PriceRule::Market));
        assert!(keeps_tag(Broker::Zerodha, limit) && keeps_tag(Broker::AngelOne, limit));
        assert!(keeps_tag(Broker::AngelOne, PriceRule::Market));
    }

    fn clean(seconds: &[i64], witness: bool) -> Vec<Clean> {
        let started = |second: &i64| Timestamp::from_millis(second * SECOND);
        seconds.iter().map(|second| Clean { started: started(second), witness }).collect()
    }

    #[test]
    fn absence_needs_two_late_reads_and_a_witness_or_a_third() {
        let since = Timestamp::from_millis(0);
        let proven = |seconds: &[i64], witness| is_proven(since, &clean(seconds, witness));
        assert!(proven(&[31, 34], true));
        assert!(!proven(&[31], true), "one read is none");
        assert!(!proven(&[31, 32], true), "too close together");
        assert!(!proven(&[2, 4, 8, 16, 29], true), "all before it has settled");
        assert!(!proven(&[16, 31], true), "one of two before it has settled");
        assert!(!proven(&[31, 34], false), "the book may be old");
        assert!(!proven(&[31, 34, 59], false));
        assert!(proven(&[31, 34, 62], false));
        assert!(!proven(&[62], false) && !proven(&[31, 62], false), "three, not two");
    }
}
