//! Angel One's orders: place, cancel, book.

use muster_protocol::ids::OrderId;
use muster_protocol::order::{PriceRule, Product, Validity};
use serde_json::{Value, json};

use super::wire::SECURE;
use super::{AngelOne, malformed};
use crate::broker::book::Fields;
use crate::broker::classify::Access;
use crate::broker::error::BrokerError;
use crate::broker::http::Call;
use crate::broker::{Auth, BookRow, Order, Trade, book, json};

impl AngelOne {
    /// Places: one POST. A success without an order number is a doubt.
    pub(super) async fn send_order(
        &self,
        auth: Auth<'_>,
        order: &Order,
    ) -> Result<OrderId, BrokerError> {
        if let PriceRule::Marketable { .. } = order.leg.price {
            return Err(book::unpriced());
        }
        let path = [&SECURE[..], &["order", "v1", "placeOrder"]].concat();
        let call = Call::post_json(self.base.with(&path), &order_body(order));
        let data = self.signed(auth, call.if_still(&order.leave), Access::Write).await?;
        accepted(&data)
    }

    /// Cancels: one POST.
    pub(super) async fn send_cancel(
        &self,
        auth: Auth<'_>,
        order_id: &OrderId,
    ) -> Result<(), BrokerError> {
        let body = cancel_body(order_id);
        self.post(auth, &["order", "v1", "cancelOrder"], &body, Access::Write).await?;
        Ok(())
    }

    /// The whole book of the day.
    pub(super) async fn read_book(&self, auth: Auth<'_>) -> Result<Vec<BookRow>, BrokerError> {
        rows(&self.get(auth, &["order", "v1", "getOrderBook"]).await?)
    }

    /// The day's trades.
    pub(super) async fn read_trades(&self, auth: Auth<'_>) -> Result<Vec<Trade>, BrokerError> {
        let trades = match self.get(auth, &["order", "v1", "getTradeBook"]).await {
            // "Trade not found" is how an empty list of trades may come (documented).
            Err(fault) if fault.error.says.as_ref().is_some_and(|s| s.starts_with("AB1014")) => {
                return Ok(Vec::new());
            }
            answer => answer?,
        };
        match trades {
            Value::Null => Ok(Vec::new()),
            Value::Array(rows) => book::all(&rows, |row| book::trade(row, &FIELDS)),
            _ => Err(malformed()),
        }
    }
}

/// The number of an order just placed.
pub(super) fn accepted(data: &Value) -> Result<OrderId, BrokerError> {
    book::placed(data, "orderid")
}

/// The rows of a book; an empty one comes as null.
pub(super) fn rows(data: &Value) -> Result<Vec<BookRow>, BrokerError> {
    match data {
        Value::Null => Ok(Vec::new()),
        Value::Array(rows) => book::all(rows, book_row),
        _ => Err(malformed()),
    }
}

/// Its names; the token is null in the documents' sample.
const FIELDS: Fields = Fields {
    order_id: "orderid",
    status: ["orderstatus", "status"],
    symbol: "tradingsymbol",
    token: "symboltoken",
    side: "transactiontype",
    filled: "filledshares",
    average: "averageprice",
    text: "text",
    traded: "fillsize",
};

/// What a cancel asks for; also the harmless question of the probe.
pub(super) fn cancel_body(order_id: &OrderId) -> Value {
    json!({ "variety": "NORMAL", "orderid": order_id.0 })
}

fn order_body(order: &Order) -> Value {
    let leg = &order.leg;
    // Whether MARKET is taken from programs is told both ways by the broker; where it is, the
    // broker turns it into a limit by its protection band.
    let (kind, price) = match leg.price {
        PriceRule::Limit { price } => ("LIMIT", price.rupees()),
        PriceRule::Market | PriceRule::Marketable { .. } => ("MARKET", "0".to_owned()),
    };
    let product = match leg.product {
        Product::Delivery => "DELIVERY",
        Product::Intraday => "INTRADAY",
        Product::CarryForward => "CARRYFORWARD",
    };
    let duration = match leg.validity {
        Validity::Day => "DAY",
        Validity::Ioc => "IOC",
    };
    json!({
        "variety": "NORMAL",
        "tradingsymbol": order.instrument.broker_symbol,
        "symboltoken": order.instrument.token,
        "transactiontype": leg.side.code(),
        "exchange": leg.exchange.code(),
        "ordertype": kind,
        "producttype": product,
        "duration": duration,
        "price": price,
        "squareoff": "0",
        "stoploss": "0",
        "quantity": leg.quantity.to_string(),
        "ordertag": order.tag.0,
    })
}

fn book_row(row: &Value) -> Option<BookRow> {
    book::row(row, &FIELDS, json::text(row, "ordertag").into_iter().collect())
}

#[cfg(test)]
mod tests {
    use muster_protocol::money::{Paise, Quantity};

    use super::*;

    /// Twenty shares, as this broker calls them.
    fn order(price: PriceRule) -> Order {
        let mut order = crate::broker::tests::order();
        order.leg.quantity = Quantity::try_from(20).unwrap();
        order.leg.price = price;
        order.instrument.broker_symbol = "SBIN-EQ".to_owned();
        order
    }

    #[test]
    fn an_order_is_all_texts() {
        let body = order_body(&order(PriceRule::Limit { price: Paise(84_215) }));
        assert!(body.as_object().unwrap().values().all(Value::is_string), "{body}");
        assert_eq!((&body["price"], &body["quantity"]), (&json!("842.15"), &json!("20")));
        assert_eq!(body["ordertag"], "2X71A00K30F1QZ7WMPA");
        assert_eq!(order_body(&order(PriceRule::Market))["price"], "0");
    }

    #[test]
    fn rows_are_read_with_texts_or_numbers() {
        for row in [
            json!({"orderid":"260513000257131","ordertag":"TAG","status":"open","quantity":"20","filledshares":"12","text":""}),
            json!({"orderid":260_513_000_257_131_u64,"ordertag":"TAG","orderstatus":"OPEN","quantity":20,"filledshares":12,"text":null}),
        ] {
            let read = book_row(&row).unwrap();
            assert_eq!(
                (read.order_id.0.as_str(), read.status.as_str()),
                ("260513000257131", "open")
            );
            assert_eq!((read.filled, read.quantity.unwrap().get()), (12, 20));
            assert_eq!((read.tags, read.text), (vec!["TAG".to_owned()], None));
        }
        for bad in [
            json!({"status":"open"}),
            json!({"orderid":"1"}),
            json!("x"),
            json!({"orderid":"1","status":"open","filledshares":[]}),
        ] {
            assert!(book_row(&bad).is_none(), "{bad}");
        }
    }
}
