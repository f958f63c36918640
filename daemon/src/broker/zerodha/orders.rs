//! Kite's orders: place, cancel, book.

use std::borrow::Cow;

use muster_protocol::ids::OrderId;
use muster_protocol::money::Quantity;
use muster_protocol::order::{PriceRule, Product, Validity};
use serde_json::Value;

use super::{Zerodha, malformed};
use crate::broker::classify::{Access, Fault};
use crate::broker::error::BrokerError;
use crate::broker::http::Call;
use crate::broker::{Auth, BookRow, Order, Trade, book, json, scrub};

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
        let fields = order_form(order);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
        let call = Call::post_form(self.base.with(&["orders", "regular"]), &fields);
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
            Value::Array(rows) => rows.iter().map(|row| trade(row).ok_or_else(malformed)).collect(),
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
        // One unreadable row might be ours: then nothing is proven absent.
        Value::Array(rows) => rows.iter().map(|row| book_row(row).ok_or_else(malformed)).collect(),
        _ => Err(malformed()),
    }
}

fn trade(row: &Value) -> Option<Trade> {
    let order_id = json::text(row, "order_id").and_then(|id| book::order_id(&id))?;
    Some(Trade { order_id, quantity: json::count(row, "quantity").ok()?? })
}

fn order_form(order: &Order) -> Vec<(&'static str, Cow<'_, str>)> {
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
    let mut form = vec![
        ("exchange", leg.exchange.code().into()),
        ("tradingsymbol", order.instrument.broker_symbol.as_str().into()),
        ("transaction_type", leg.side.code().into()),
        ("quantity", leg.quantity.to_string().into()),
        ("product", product.into()),
        ("validity", validity.into()),
        ("tag", order.tag.0.as_str().into()),
    ];
    match leg.price {
        PriceRule::Limit { price } => {
            form.extend([("order_type", "LIMIT".into()), ("price", price.rupees().into())]);
        }
        // Refused without protection since April 2026 (documented); -1 is the automatic band.
        PriceRule::Market | PriceRule::Marketable { .. } => {
            form.extend([("order_type", "MARKET".into()), ("market_protection", "-1".into())])
        }
    }
    form
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
    let quantity = json::count(row, "quantity").ok()?;
    let status = json::text(row, "status")?;
    Some(BookRow {
        order_id: json::text(row, "order_id").and_then(|id| book::order_id(&id))?,
        tags,
        exchange: json::text(row, "exchange").and_then(|word| book::exchange(&word)),
        symbol: json::text(row, "tradingsymbol").map(book::name),
        token: json::text(row, "instrument_token").map(book::name),
        state: book::state(&status),
        status: scrub::words(&status.to_lowercase(), &[]),
        filled: json::count(row, "filled_quantity").ok()?.unwrap_or_default(),
        quantity: quantity.and_then(|units| Quantity::try_from(units).ok()),
        average: json::rupees(row, "average_price").filter(|price| price.0 > 0),
        side: json::text(row, "transaction_type").and_then(|word| book::side(&word)),
        text: json::text(row, "status_message").map(|text| scrub::words(&text, &[])),
    })
}

#[cfg(test)]
mod tests {
    use muster_protocol::ids::OrderTag;
    use muster_protocol::money::Paise;
    use muster_protocol::order::{Exchange, Leg, Side};
    use serde_json::json;

    use super::*;
    use crate::domain::instrument::Instrument;

    fn order(price: PriceRule) -> Order {
        let quantity = Quantity::try_from(1).unwrap();
        let symbol = "M&M".to_owned();
        Order {
            leg: Leg {
                exchange: Exchange::Nse,
                symbol: symbol.clone(),
                side: Side::Sell,
                quantity,
                product: Product::Intraday,
                price,
                validity: Validity::Day,
            },
            instrument: Instrument {
                exchange: Exchange::Nse,
                symbol: symbol.clone(),
                broker_symbol: symbol,
                token: "519937".to_owned(),
                tick: Paise(5),
                lot: quantity,
            },
            tag: OrderTag("2X71A00K30F1QZ7WMPA".to_owned()),
        }
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
