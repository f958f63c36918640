//! The order book's rows and the tag by which ours are found.

use muster_protocol::failure::FailureKind;
use muster_protocol::ids::{OrderId, OrderTag};
use muster_protocol::money::Quantity;
use muster_protocol::order::{Exchange, Side};
use serde_json::Value;

use super::error::{BrokerError, malformed};
use super::{BookRow, Trade, json, scrub};
use crate::domain::book::OrderState;

/// The words both brokers use for an order that has come to its end (Angel One's order status list,
/// Kite's order statuses; `cancelled amo` and `cancelled after market order` were seen on real
/// accounts), and for one that the exchange works on. The lists are open-ended: what is not here is on
/// its way and will be read again.
const STATES: [(&str, OrderState); 12] = [
    ("complete", OrderState::Filled),
    ("rejected", OrderState::Rejected),
    ("cancelled", OrderState::Cancelled),
    ("cancelled amo", OrderState::Cancelled),
    ("cancelled after market order", OrderState::Cancelled),
    ("open", OrderState::Open),
    ("trigger pending", OrderState::Open),
    ("modified", OrderState::Open),
    ("modify pending", OrderState::Open),
    ("cancel pending", OrderState::Open),
    ("not modified", OrderState::Open),
    ("not cancelled", OrderState::Open),
];

/// What a broker's word for an order's state means.
fn state(word: &str) -> OrderState {
    let known = STATES.iter().find(|(known, _)| known.eq_ignore_ascii_case(word.trim()));
    known.map_or(OrderState::Pending, |(_, state)| *state)
}

/// Buy or sell, by the word both brokers use.
fn side(word: &str) -> Option<Side> {
    [Side::Buy, Side::Sell].into_iter().find(|side| side.code().eq_ignore_ascii_case(word.trim()))
}

/// Where it trades, by the word both brokers use.
fn exchange(word: &str) -> Option<Exchange> {
    Exchange::ALL.into_iter().find(|known| known.code().eq_ignore_ascii_case(word.trim()))
}

/// An instrument's name or token as it is, or a word for one that no instrument has: it is compared, and
/// said aloud where it is another's.
fn name(text: String) -> String {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"&-_. ".contains(&b));
    if plain && text.len() <= MAX_NAME { text } else { UNREADABLE.to_owned() }
}

const MAX_NAME: usize = 64;
const UNREADABLE: &str = "(unreadable)";

/// The part of a tag before the attempt: all attempts of an intent share it.
pub const TAG_PREFIX: usize = 11;

/// The rows that carry a tag of the same intent, whatever the attempt.
pub(super) fn matching(rows: Vec<BookRow>, tag: &OrderTag) -> Vec<BookRow> {
    let prefix = tag.0.get(..TAG_PREFIX).unwrap_or(&tag.0);
    let ours = |row: &BookRow| row.tags.iter().any(|tag| tag.starts_with(prefix));
    if prefix.is_empty() { Vec::new() } else { rows.into_iter().filter(ours).collect() }
}

/// An order number as brokers write it, or `None` for a text that cannot be one.
pub(super) fn order_id(text: &str) -> Option<OrderId> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    (plain && (1..=64).contains(&text.len())).then(|| OrderId(text.to_owned()))
}

/// What a broker calls the fields of a row.
pub(super) struct Fields {
    pub(super) order_id: &'static str,
    /// The first one that is there.
    pub(super) status: [&'static str; 2],
    pub(super) symbol: &'static str,
    pub(super) token: &'static str,
    pub(super) side: &'static str,
    pub(super) filled: &'static str,
    pub(super) average: &'static str,
    pub(super) text: &'static str,
    /// In a row of the trades.
    pub(super) traded: &'static str,
}

/// The rows of a list, all of them: one that cannot be read might be ours, and then nothing is proven
/// absent.
pub(super) fn all<T>(
    rows: &[Value],
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, BrokerError> {
    rows.iter().map(|row| read(row).ok_or_else(malformed)).collect()
}

/// A row of the book with these tags; `None` if it cannot be read.
pub(super) fn row(row: &Value, fields: &Fields, tags: Vec<String>) -> Option<BookRow> {
    let text = |field| json::text(row, field);
    let status = fields.status.into_iter().find_map(text)?;
    let quantity = json::count(row, "quantity").ok()?;
    Some(BookRow {
        order_id: text(fields.order_id).and_then(|id| order_id(&id))?,
        tags,
        exchange: text("exchange").and_then(|word| exchange(&word)),
        symbol: text(fields.symbol).map(name),
        token: text(fields.token).map(name),
        state: state(&status),
        status: scrub::words(&status.to_lowercase(), &[]),
        filled: json::count(row, fields.filled).ok()?.unwrap_or_default(),
        quantity: quantity.and_then(|units| Quantity::try_from(units).ok()),
        average: json::rupees(row, fields.average).filter(|price| price.0 > 0),
        side: text(fields.side).and_then(|word| side(&word)),
        text: text(fields.text).map(|text| scrub::words(&text, &[])),
    })
}

/// A row of the trades; `None` if it cannot be read.
pub(super) fn trade(row: &Value, fields: &Fields) -> Option<Trade> {
    let order_id = json::text(row, fields.order_id).and_then(|id| order_id(&id))?;
    Some(Trade { order_id, quantity: json::count(row, fields.traded).ok()?? })
}

/// The number of an order just placed. A success without one is a doubt, and so is one whose number is
/// none: `0`, `null`, `None`.
pub(super) fn placed(data: &Value, field: &str) -> Result<OrderId, BrokerError> {
    let counts = |id: &OrderId| id.0.bytes().any(|b| matches!(b, b'1'..=b'9'));
    let id = json::text(data, field).and_then(|id| order_id(&id)).filter(counts);
    id.ok_or_else(|| {
        BrokerError::says(FailureKind::InDoubt, "accepted, but without an order number")
    })
}

/// The error for an order whose price was to be made from the last one and was not: never sent.
pub(super) fn unpriced() -> BrokerError {
    BrokerError::says(FailureKind::Unreachable, "the limit was not worked out; nothing was sent")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(tags: &[&str]) -> BookRow {
        BookRow {
            order_id: OrderId("1".to_owned()),
            tags: tags.iter().map(|&t| t.to_owned()).collect(),
            exchange: None,
            symbol: None,
            token: None,
            state: OrderState::Open,
            status: "open".to_owned(),
            filled: 0,
            quantity: None,
            average: None,
            side: None,
            text: None,
        }
    }

    #[test]
    fn every_attempt_of_an_intent_is_found_and_no_other() {
        let tag = OrderTag("2X71A00K30F1QZ7WMPA".to_owned());
        let book = vec![
            tagged(&["2X71A00K30F2AAAAAAA"]),
            tagged(&["mktp", "2X71A00K30F1QZ7WMPA"]),
            tagged(&["2X71A00K31F1QZ7WMPA"]),
            tagged(&[]),
        ];
        assert_eq!(matching(book.clone(), &tag).len(), 2);
        assert!(matching(book, &OrderTag(String::new())).is_empty());
    }

    #[test]
    fn a_name_is_kept_as_it_is_or_not_at_all() {
        for kept in ["SBIN-EQ", "M&M", "NIFTY24NOV2626000CE", "NIFTY 50", "779521"] {
            assert_eq!(name(kept.to_owned()), kept);
        }
        for odd in ["SBIN\u{202e}", "<b>", &"A".repeat(65)] {
            assert_eq!(name(odd.to_owned()), UNREADABLE);
        }
        assert_eq!((exchange("nse "), exchange("XYZ")), (Some(Exchange::Nse), None));
    }

    #[test]
    fn a_word_nobody_knows_is_no_end() {
        for (word, state_of) in STATES {
            assert_eq!((state(word), state(&word.to_uppercase())), (state_of, state_of));
        }
        for word in ["", "put order req received", "validation pending", "open pending", "done?"] {
            assert_eq!(state(word), OrderState::Pending, "{word}");
        }
        assert_eq!(
            (side("buy"), side("SELL"), side("")),
            (Some(Side::Buy), Some(Side::Sell), None)
        );
    }

    #[test]
    fn a_success_without_a_number_is_a_doubt() {
        let data = |id: Value| serde_json::json!({ "orderid": id });
        for good in [serde_json::json!("260513000257131"), serde_json::json!(7)] {
            assert!(placed(&data(good), "orderid").is_ok());
        }
        for bad in ["0", "null", "None", "", " ", "000000000000000"] {
            let error = placed(&data(bad.into()), "orderid").unwrap_err();
            assert_eq!(error.kind, FailureKind::InDoubt, "{bad}");
        }
        assert!(placed(&data(Value::Null), "orderid").is_err());
        assert!(placed(&Value::Null, "orderid").is_err());
    }

    #[test]
    fn an_order_number_is_letters_and_digits() {
        assert!(order_id("1953341975595868160").is_some() && order_id("260513000257131").is_some());
        for bad in ["", "1/2", "1 2", "\u{202e}1", &"1".repeat(65)] {
            assert!(order_id(bad).is_none());
        }
    }
}
