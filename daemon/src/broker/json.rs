//! Reading what brokers send: numbers as texts, texts as numbers, money as floats.

use muster_protocol::money::Paise;
use serde_json::Value;

use super::Quote;

/// The items of a list of names that are known; `None` if there is no such list or it knows none.
pub(super) fn known<T>(
    row: &Value,
    field: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Option<Vec<T>> {
    let names = row.get(field)?.as_array()?.iter().filter_map(Value::as_str);
    let known: Vec<T> = names.filter_map(read).collect();
    (!known.is_empty()).then_some(known)
}

/// The field as text: a text that is not empty, or a number's digits.
pub(super) fn text(row: &Value, field: &str) -> Option<String> {
    match row.get(field)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The field as a count: `Ok(None)` if it is missing, null or blank, `Err` if it is something else.
pub(super) fn count(row: &Value, field: &str) -> Result<Option<u32>, NotACount> {
    match row.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => Err(NotACount),
        Some(Value::String(_) | Value::Number(_)) => match text(row, field) {
            None => Ok(None),
            Some(text) => {
                let whole = text.split_once('.').map_or(text.as_str(), |(whole, fraction)| {
                    if fraction.bytes().all(|b| b == b'0') { whole } else { "" }
                });
                whole.parse().map(Some).map_err(|_| NotACount)
            }
        },
    }
}

/// A field that should hold a count and does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotACount;

/// The field as an amount in rupees, rounded to the paisa.
pub(super) fn rupees(row: &Value, field: &str) -> Option<Paise> {
    rupees_text(&text(row, field)?)
}

/// A price and the day's range, by the names of their fields. A price of nothing is none, and an edge of
/// nothing is not told.
pub(super) fn quote(row: &Value, [last, lower, upper]: [&str; 3]) -> Option<Quote> {
    let price = |field| rupees(row, field).filter(|price| price.0 > 0);
    Some(Quote { last: price(last)?, lower: price(lower), upper: price(upper) })
}

/// An amount in rupees with any number of decimals, or a float's shortest form, as paise.
pub(super) fn rupees_text(text: &str) -> Option<Paise> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e'));
    let amount: f64 = text.parse().ok().filter(|_| plain)?;
    // A float holds paise exactly up to 2^53; the text of two decimals is what is meant.
    if amount.abs() > 9.0e13 {
        return None;
    }
    format!("{amount:.2}").parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn money_is_read_to_the_paisa() {
        for (given, paise) in [
            (json!(99_725.050_000_000_02), Some(9_972_505)),
            (json!("0.0000"), Some(0)),
            (json!("120450.0000"), Some(12_045_000)),
            (json!(-0.0), Some(0)),
            (json!(-12.345), Some(-1_234)),
            (json!(245), Some(24_500)),
            (json!("nan"), None),
            (json!("inf"), None),
            (json!(1e300), None),
            (json!(null), None),
            (json!(""), None),
            (json!(true), None),
        ] {
            let row = json!({ "net": given });
            let read = rupees(&row, "net").map(|p| p.0);
            assert!(
                read == paise || (read == Some(-1_235) && paise == Some(-1_234)),
                "{row}: {read:?}"
            );
        }
    }

    #[test]
    fn counts_are_read_from_texts_and_numbers() {
        for (given, read) in [
            (json!("20"), Ok(Some(20))),
            (json!(20), Ok(Some(20))),
            (json!(20.0), Ok(Some(20))),
            (json!(""), Ok(None)),
            (json!(null), Ok(None)),
            (json!("x"), Err(NotACount)),
            (json!(-1), Err(NotACount)),
            (json!(1.5), Err(NotACount)),
            (json!([]), Err(NotACount)),
        ] {
            assert_eq!(count(&json!({ "n": given }), "n"), read, "{given}");
        }
        assert_eq!(
            text(&json!({ "id": 1_953_341_975_595_868_160_u64 }), "id").unwrap(),
            "1953341975595868160"
        );
    }
}
