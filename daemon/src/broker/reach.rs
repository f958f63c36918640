//! First contact with a broker: any answer will do; its clock is read on the way.

use muster_protocol::time::Timestamp;
use tokio::time::Instant;

use super::Reached;
use super::base_url::BaseUrl;
use super::classify::{Access, Fault};
use super::error::BrokerError;
use super::http::{Call, Http, least_offset};

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
    let clock_offset_ms = reply.date.map(|date| least_offset(date, now, now.plus(took)));
    Ok(Reached { detail: base.contact_words(), clock_offset_ms })
}
