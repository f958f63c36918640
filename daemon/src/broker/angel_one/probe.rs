//! Whether Angel One takes order calls from this address: cancels an order that cannot exist.

use muster_protocol::ids::OrderId;

use super::AngelOne;
use super::orders::cancel_body;
use crate::broker::classify::Access;
use crate::broker::error::BrokerError;
use crate::broker::{Auth, Probed, probe};

/// Of the form of an order number (date, then a sequence), of a day long before the interface.
const IMPOSSIBLE: &str = "000101000000000";

impl AngelOne {
    /// AG7002 names the address; "order not found" shows the call got past it. That the address is
    /// looked at before the order is a guess, so any other answer tells nothing.
    pub(super) async fn ask_permission(&self, auth: Auth<'_>) -> Result<Probed, BrokerError> {
        let body = cancel_body(&OrderId(IMPOSSIBLE.to_owned()));
        // Cancelling nothing changes nothing, so an unclear end is no doubt about an order.
        let answer = self.post(auth, &["order", "v1", "cancelOrder"], &body, Access::Read).await;
        probe::verdict(answer.map(|_| ()))
    }
}
