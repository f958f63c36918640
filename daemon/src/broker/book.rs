//! The order book's rows and the tag by which ours are found.

use muster_protocol::ids::{OrderId, OrderTag};

use super::BookRow;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tags: &[&str]) -> BookRow {
        BookRow {
            order_id: OrderId("1".to_owned()),
            tags: tags.iter().map(|&t| t.to_owned()).collect(),
            status: "open".to_owned(),
            filled: 0,
            quantity: None,
            text: None,
        }
    }

    #[test]
    fn every_attempt_of_an_intent_is_found_and_no_other() {
        let tag = OrderTag("2X71A00K30F1QZ7WMPA".to_owned());
        let book = vec![
            row(&["2X71A00K30F2AAAAAAA"]),
            row(&["mktp", "2X71A00K30F1QZ7WMPA"]),
            row(&["2X71A00K31F1QZ7WMPA"]),
            row(&[]),
        ];
        assert_eq!(matching(book.clone(), &tag).len(), 2);
        assert!(matching(book, &OrderTag(String::new())).is_empty());
    }

    #[test]
    fn an_order_number_is_letters_and_digits() {
        assert!(order_id("1953341975595868160").is_some() && order_id("260513000257131").is_some());
        for bad in ["", "1/2", "1 2", "\u{202e}1", &"1".repeat(65)] {
            assert!(order_id(bad).is_none());
        }
    }
}
