//! First contact with a broker: any answer will do; its clock is read on the way.

use muster_protocol::time::{SECOND, Timestamp};
use tokio::time::Instant;

use super::Reached;
use super::base_url::BaseUrl;
use super::classify::{Access, Fault};
use super::error::BrokerError;
use super::http::{Call, Http};

/// Asks the root for anything.
pub(super) async fn reach(
    http: &Http,
    base: &BaseUrl,
    now: Timestamp,
) -> Result<Reached, BrokerError> {
    let begun = Instant::now();
    let call = Call::get(base.url()).capped(4096);
    let reply = http.send(call).await.map_err(|error| Fault::unsent(error, Access::Read))?;
    let took = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
    let clock_offset_ms = reply.date.map(|date| offset(date, now.plus(took / 2)));
    Ok(Reached { detail: base.contact_words(), clock_offset_ms })
}

/// The `Date` header is cut to the second, so any instant inside it fits: the nearest is taken.
fn offset(date: Timestamp, ours: Timestamp) -> i64 {
    let behind = date.since(ours);
    if behind > 0 { behind } else { behind.saturating_add(SECOND - 1).min(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_the_least_the_header_allows() {
        let at = Timestamp::from_millis;
        assert_eq!(offset(at(10_000), at(10_000)), 0);
        assert_eq!(offset(at(10_000), at(10_999)), 0);
        assert_eq!(offset(at(10_000), at(12_000)), -1_001);
        assert_eq!(offset(at(12_000), at(10_500)), 1_500);
    }
}
