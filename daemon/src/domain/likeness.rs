//! Whether an order in the book can be an intent's at all. A tag alone does not say: a store that was put
//! back counts its plans and firings anew and gives tags that other orders of the day bear already. So
//! what the broker tells of the instrument, the side and the quantity must agree; what it does not tell
//! is not compared.

use muster_protocol::ids::IntentId;
use muster_protocol::money::Quantity;
use muster_protocol::order::{Exchange, Leg, Side};

use super::book::{Book, BookRow};
use super::instrument::Instrument;
use super::intent::{Intent, Stage};
use super::model::Model;

/// The orders in a book that bear an intent's tag, whatever the attempt.
#[derive(Debug, Default)]
pub struct Tagged<'b> {
    /// Those that can be its order.
    pub ours: Vec<&'b BookRow>,
    /// Those that cannot, and how each differs.
    pub others: Vec<(&'b BookRow, String)>,
}

impl Model {
    /// The orders under an intent's tag, told apart.
    pub fn tagged<'b>(&self, id: &IntentId, intent: &Intent, book: &Book<'b>) -> Tagged<'b> {
        let rows = book.rows(&intent.tag);
        if rows.is_empty() {
            return Tagged::default();
        }
        let run = self.runs.get(&id.run);
        let leg = run.and_then(|run| run.leg_of(id.account, id.leg));
        let broker = run.and_then(|run| run.part(id.account)).map(|part| part.broker);
        let instrument = run.zip(broker).zip(leg.as_ref());
        let instrument =
            instrument.and_then(|((run, broker), leg)| self.instrument(run, broker, leg).ok());
        let mut tagged = Tagged::default();
        for row in rows {
            let differs = leg.as_ref().and_then(|leg| difference(leg, instrument, row));
            match differs.filter(|_| !is_known(intent, row)) {
                Some(how) => tagged.others.push((row, how)),
                None => tagged.ours.push(row),
            }
        }
        tagged
    }
}

/// By the broker's number, which says more than any of its words: a person may have changed the order.
fn is_known(intent: &Intent, row: &BookRow) -> bool {
    matches!(&intent.stage, Stage::Accepted { order_id, order, .. }
        if *order_id == row.order_id || order.duplicates.contains(&row.order_id))
}

/// How the row differs from what was to be ordered, in words.
fn difference(leg: &Leg, instrument: Option<&Instrument>, row: &BookRow) -> Option<String> {
    let exchange = row.exchange.is_some_and(|exchange| exchange != leg.exchange);
    let side = row.side.is_some_and(|side| side != leg.side);
    let quantity = row.quantity.is_some_and(|quantity| quantity != leg.quantity);
    let symbol = instrument.is_some_and(|instrument| is_another(instrument, row));
    if !(exchange || side || quantity || symbol) {
        return None;
    }
    let booked = words(
        row.exchange,
        row.symbol.as_deref(),
        row.side.map(Side::code),
        row.quantity.map(Quantity::get),
    );
    let symbol = instrument.map_or(&leg.symbol, |instrument| &instrument.broker_symbol);
    let wanted =
        words(Some(leg.exchange), Some(symbol), Some(leg.side.code()), Some(leg.quantity.get()));
    Some(format!("{booked}, where {wanted} is wanted"))
}

/// By name and by token: either that agrees is enough, since names change and tokens are left out.
fn is_another(instrument: &Instrument, row: &BookRow) -> bool {
    let name = row.symbol.as_ref();
    let name = name.map(|name| name.eq_ignore_ascii_case(&instrument.broker_symbol));
    let token = row.token.as_ref().map(|token| *token == instrument.token);
    let told = [name, token];
    told.contains(&Some(false)) && !told.contains(&Some(true))
}

fn words(
    exchange: Option<Exchange>,
    symbol: Option<&str>,
    side: Option<&str>,
    quantity: Option<u32>,
) -> String {
    let quantity = quantity.map(|units| units.to_string());
    let parts = [exchange.map(Exchange::code), symbol, side, quantity.as_deref()];
    parts.map(|part| part.unwrap_or("?")).join(" ")
}

#[cfg(test)]
mod tests {
    use muster_protocol::ids::OrderId;
    use muster_protocol::money::Paise;

    use super::super::book::OrderState;
    use super::*;

    fn leg() -> Leg {
        serde_json::from_value(serde_json::json!({
            "exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 20,
            "product": "delivery", "price": {"rule": "limit", "price": 84_215},
        }))
        .unwrap()
    }

    fn instrument() -> Instrument {
        Instrument {
            exchange: Exchange::Nse,
            symbol: "SBIN".to_owned(),
            broker_symbol: "SBIN-EQ".to_owned(),
            token: "3045".to_owned(),
            tick: Paise(5),
            lot: 1.try_into().unwrap(),
        }
    }

    fn row() -> BookRow {
        BookRow {
            order_id: OrderId("1".to_owned()),
            tags: Vec::new(),
            exchange: Some(Exchange::Nse),
            symbol: Some("SBIN-EQ".to_owned()),
            token: Some("3045".to_owned()),
            state: OrderState::Open,
            status: String::new(),
            filled: 0,
            quantity: 20.try_into().ok(),
            average: None,
            side: Some(Side::Buy),
            text: None,
        }
    }

    fn differs(change: impl Fn(&mut BookRow)) -> Option<String> {
        let mut row = row();
        change(&mut row);
        difference(&leg(), Some(&instrument()), &row)
    }

    #[test]
    fn whatever_the_broker_tells_must_agree() {
        assert_eq!(differs(|_| {}), None);
        let named = |symbol: Option<&str>, token: Option<&str>| {
            differs(|row| {
                (row.symbol, row.token) = (symbol.map(str::to_owned), token.map(str::to_owned));
            })
        };
        assert!(differs(|row| row.exchange = Some(Exchange::Bse)).is_some());
        assert!(differs(|row| row.side = Some(Side::Sell)).is_some());
        assert!(differs(|row| row.quantity = 21.try_into().ok()).is_some());
        assert!(named(Some("INFY-EQ"), None).is_some());
        assert!(named(None, Some("1594")).is_some());
        assert!(named(Some("INFY-EQ"), Some("1594")).is_some());
        let told = differs(|row| {
            row.side = Some(Side::Sell);
            row.quantity = None;
        });
        assert_eq!(told.unwrap(), "NSE SBIN-EQ SELL ?, where NSE SBIN-EQ BUY 20 is wanted");
    }

    #[test]
    fn what_is_not_told_is_not_compared_and_one_name_is_enough() {
        let nothing = |row: &mut BookRow| {
            (row.exchange, row.symbol, row.token) = (None, None, None);
            (row.side, row.quantity) = (None, None);
        };
        assert_eq!(differs(nothing), None);
        assert_eq!(differs(|row| row.symbol = Some("SBIN-BE".to_owned())), None, "the token");
        assert_eq!(differs(|row| row.token = Some("1".to_owned())), None, "the name");
        let other = BookRow { symbol: Some("INFY-EQ".to_owned()), token: None, ..row() };
        assert_eq!(difference(&leg(), None, &other), None, "the list is not here");
    }
}
