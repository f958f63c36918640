//! Kite's orders: place, cancel, book.

use std::borrow::Cow;

use muster_protocol::ids::OrderId;
use muster_protocol::order::{PriceRule, Product, Validity};
use serde_json::Value;

use super::{Zerodha, malformed};
use crate::broker::book::Fields;
use crate::broker::classify::{Access, Fault};
use crate::broker::error::BrokerError;
use crate::broker::http::Call;
use crate::broker::{Auth, BookRow, Order, Trade, book, json};

impl Zerodha {
    /// Places: one POST. A success without an order number is a doubt.
    pub(super) async fn send_order(
        &self,
        auth: Auth<'_>,
        order: &Order,
    ) -> Result<OrderId, BrokerError> {
        if let PriceRule::Marketable { .. } = order.leg.price {
            return Err(book::unpriced());
        }
        let call = Call::post_form(self.orders.clone(), &order_form(order)).if_still(&order.leave);
        let data = self.signed(auth, call, Access::Write).await?;
        accepted(&data)
    }

    /// Cancels: one DELETE.
    pub(super) async fn send_cancel(
        &self,
        auth: Auth<'_>,
        order_id: &OrderId,
        access: Access,
    ) -> Result<(), Fault> {
        let url = self.base.with(&["orders", "regular", &order_id.0]);
        self.signed(auth, Call::delete(url), access).await?;
        Ok(())
    }

    /// The whole book of the day.
    pub(super) async fn read_book(&self, auth: Auth<'_>) -> Result<Vec<BookRow>, BrokerError> {
        rows(&self.get(auth, &["orders"]).await?)
    }

    /// The day's trades.
    pub(super) async fn read_trades(&self, auth: Auth<'_>) -> Result<Vec<Trade>, BrokerError> {
        match self.get(auth, &["trades"]).await? {
            Value::Array(rows) => book::all(&rows, |row| book::trade(row, &FIELDS)),
            _ => Err(malformed()),
        }
    }
}

/// The number of an order just placed.
pub(super) fn accepted(data: &Value) -> Result<OrderId, BrokerError> {
    book::placed(data, "order_id")
}

/// The rows of a book.
pub(super) fn rows(data: &Value) -> Result<Vec<BookRow>, BrokerError> {
    match data {
        Value::Array(rows) => book::all(rows, book_row),
        _ => Err(malformed()),
    }
}

const FIELDS: Fields = Fields {
    order_id: "order_id",
    status: ["status"; 2],
    symbol: "tradingsymbol",
    token: "instrument_token",
    side: "transaction_type",
    filled: "filled_quantity",
    average: "average_price",
    text: "status_message",
    traded: "quantity",
};

fn order_form(order: &Order) -> [(&'static str, Cow<'_, str>); 9] {
    let leg = &order.leg;
    let product = match leg.product {
        Product::Delivery => "CNC",
        Product::Intraday => "MIS",
        Product::CarryForward => "NRML",
    };
    let validity = match leg.validity {
        Validity::Day => "DAY",
        Validity::Ioc => "IOC",
    };
    let (order_type, price) = match leg.price {
        PriceRule::Limit { price } => ("LIMIT", ("price", price.rupees().into())),
        // Refused without protection since April 2026 (documented); -1 is the automatic band.
        PriceRule::Market | PriceRule::Marketable { .. } => {
            ("MARKET", ("market_protection", "-1".into()))
        }
    };
    [
        ("exchange", leg.exchange.code().into()),
        ("tradingsymbol", order.instrument.broker_symbol.as_str().into()),
        ("transaction_type", leg.side.code().into()),
        ("quantity", leg.quantity.to_string().into()),
        ("product", product.into()),
        ("validity", validity.into()),
        ("tag", order.tag.0.as_str().into()),
        ("order_type", order_type.into()),
        price,
    ]
}

fn book_row(row: &Value) -> Option<BookRow> {
    let mut tags: Vec<String> = json::text(row, "tag").into_iter().collect();
    // A market order's own tag may stand among the system's only (reported as unconfirmed).
    let listed = row.get("tags").and_then(Value::as_array).into_iter().flatten();
    for tag in listed.filter_map(Value::as_str) {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    book::row(row, &FIELDS, tags)
}

#[cfg(test)]
mod tests {
    use muster_protocol::money::Paise;
    use serde_json::json;

    use super::*;

    fn order(price: PriceRule) -> Order {
        let mut order = crate::broker::tests::order();
        (order.leg.product, order.leg.price) = (Product::Intraday, price);
        order.instrument.broker_symbol = "M&M".to_owned();
        order
    }

    fn field(form: &[(&str, Cow<'_, str>)], name: &str) -> Option<String> {
        form.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
    }

    #[test]
    fn market_orders_carry_protection_and_limits_do_not() {
        let at_market = order(PriceRule::Market);
        let market = order_form(&at_market);
        assert_eq!(field(&market, "market_protection").unwrap(), "-1");
        assert_eq!(field(&market, "price"), None);
        let at_limit = order(PriceRule::Limit { price: Paise(140_005) });
        let limit = order_form(&at_limit);
        assert_eq!(field(&limit, "price").unwrap(), "1400.05");
        assert_eq!(field(&limit, "market_protection"), None);
        assert_eq!(field(&limit, "product").unwrap(), "MIS");
        assert_eq!(field(&limit, "tag").unwrap(), "2X71A00K30F1QZ7WMPA");
    }

    #[test]
    fn tags_are_gathered_from_both_places() {
        let row = json!({"order_id":"1953341975595868160","status":"OPEN","tag":null,
            "tags":["mktp","2X71A00K30F1QZ7WMPA"],"quantity":20,"filled_quantity":0,
            "status_message":null});
        let read = book_row(&row).unwrap();
        assert_eq!(read.tags, ["mktp", "2X71A00K30F1QZ7WMPA"]);
        assert_eq!((read.status.as_str(), read.text), ("open", None));
        let row = json!({"order_id":"1","status":"COMPLETE","tag":"A","tags":["A"]});
        assert_eq!(book_row(&row).unwrap().tags, ["A"]);
        for bad in [json!({"status":"OPEN"}), json!({"order_id":"1"}), json!(1)] {
            assert!(book_row(&bad).is_none(), "{bad}");
        }
    }
}
