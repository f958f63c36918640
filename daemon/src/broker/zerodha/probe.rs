//! Whether Kite takes order calls from this address: cancels an order that cannot exist.

use muster_protocol::ids::OrderId;

use super::Zerodha;
use crate::broker::classify::Access;
use crate::broker::error::BrokerError;
use crate::broker::{Auth, Probed, probe};

/// Of the form of an order number (date, then a sequence), of a day long before the interface.
const IMPOSSIBLE: &str = "000101000000000";

impl Zerodha {
    /// A refusal of the address names it; "couldn't find" shows the call got past it. That the
    /// address is looked at before the order is a guess, so any other answer tells nothing.
    pub(super) async fn ask_permission(&self, auth: Auth<'_>) -> Result<Probed, BrokerError> {
        let order_id = OrderId(IMPOSSIBLE.to_owned());
        // Cancelling nothing changes nothing, so an unclear end is no doubt about an order.
        probe::verdict(self.send_cancel(auth, &order_id, Access::Read).await)
    }
}
