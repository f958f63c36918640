//! The limit of an order that is to fill at once, from the broker's last price. Nothing has been sent
//! when it fails, and that is what it says.

use muster_protocol::failure::FailureKind;
use muster_protocol::money::Paise;
use muster_protocol::order::{Leg, PriceRule};

use super::jobs::cause;
use crate::broker::{Adapter, Auth};
use crate::domain::instrument::Instrument;
use crate::domain::intent::Cause;
use crate::domain::price::priced;

/// A leg ready to leave.
pub(super) struct Priced {
    /// With a price the broker takes.
    pub(super) leg: Leg,
    /// The last price, if one was asked for.
    pub(super) last: Option<Paise>,
}

/// Works the price out where the leg leaves that to the moment it is sent.
pub(super) async fn price(
    adapter: &dyn Adapter,
    auth: Auth<'_>,
    (leg, instrument): (&Leg, &Instrument),
) -> Result<Priced, Cause> {
    if !matches!(leg.price, PriceRule::Marketable { .. }) {
        return Ok(Priced { leg: leg.clone(), last: None });
    }
    let quotes = adapter.quotes(auth, std::slice::from_ref(instrument)).await.map_err(|error| {
        let told = cause(error);
        // The order itself was never sent; a dead session is worth knowing all the same.
        let kind = match told.kind {
            FailureKind::SessionExpired => FailureKind::SessionExpired,
            _ => FailureKind::Unreachable,
        };
        let why = told.says.unwrap_or_else(|| told.kind.words().to_owned());
        Cause { kind, says: Some(format!("no last price to set its limit by: {why}")), ..told }
    })?;
    let unpriced =
        |says: String| Cause { kind: FailureKind::Unreachable, says: Some(says), ip_seen: None };
    let quote = quotes.into_iter().next().flatten().ok_or_else(|| {
        unpriced("no last price to set its limit by: the broker told none".to_owned())
    })?;
    let leg = priced(leg, &quote, instrument.tick).ok_or_else(|| {
        let last = quote.last.rupees();
        unpriced(format!("no limit in the day's range can be made of a last price of {last}"))
    })?;
    Ok(Priced { leg, last: Some(quote.last) })
}
