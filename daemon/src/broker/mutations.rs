//! Replies damaged at random, for property tests: what a broken line, proxy or server makes of one, and
//! what an adapter may make of that. No panic, and nothing taken for an order or a row that the reply does
//! not say. The replies are in the brokers' folders.

use muster_protocol::failure::FailureKind;
use muster_protocol::ids::OrderId;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::classify::{Access, Fault, Said};
use super::http::Reply;
use super::{BookRow, BrokerError};

/// One broker's replies, whole, and how its adapter reads them.
pub(super) struct Sample {
    /// The answer to an order that was placed.
    pub(super) placed: &'static str,
    /// The field of an order's number.
    pub(super) number: &'static str,
    /// A book of one order.
    pub(super) book: &'static str,
    /// Answers that are a no.
    pub(super) failures: &'static [&'static str],
    /// Whether an object says that all is well, as the broker says it.
    pub(super) is_success: fn(&Value) -> bool,
    /// The adapter's reading of an envelope.
    pub(super) data: fn(&Reply, Access, &[&str]) -> Result<Value, Fault>,
    /// The adapter's reading of what was placed.
    pub(super) accepted: fn(&Value) -> Result<OrderId, BrokerError>,
    /// The adapter's reading of a book.
    pub(super) rows: fn(&Value) -> Result<Vec<BookRow>, BrokerError>,
}

/// What comes of a test case.
type Held = Result<(), TestCaseError>;

fn reply(status: u16, body: Vec<u8>) -> Reply {
    Reply { status, body, ..Reply::default() }
}

impl Sample {
    fn place(&self, status: u16, bytes: Vec<u8>) -> Result<OrderId, BrokerError> {
        (self.accepted)(&(self.data)(&reply(status, bytes), Access::Write, &[])?)
    }

    /// An order is taken for placed only where the reply says so; else it is in doubt, since a reply that
    /// may once have said yes is never a proof of no.
    pub(super) fn success_is_said(&self, damage: &[Damage]) -> Held {
        let bytes = damaged(self.placed, damage);
        match self.place(200, bytes.clone()) {
            Ok(id) => {
                let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                prop_assert!((self.is_success)(&body), "{}", String::from_utf8_lossy(&bytes));
                let told = body["data"][self.number].clone();
                let told = told.as_str().map_or_else(|| told.to_string(), |t| t.trim().to_owned());
                prop_assert_eq!(told, id.0);
            }
            Err(error) => prop_assert_eq!(error.kind, FailureKind::InDoubt),
        }
        Ok(())
    }

    /// A failure never becomes an order.
    pub(super) fn failure_is_none(&self, which: usize, damage: &[Damage], status: u16) -> Held {
        let failure = self.failures[which % self.failures.len()];
        let placed = self.place(status, damaged(failure, damage));
        prop_assert!(placed.is_err(), "{placed:?}");
        Ok(())
    }

    /// A book is whole, or it is none.
    pub(super) fn book_is_whole(&self, damage: &[Damage]) -> Held {
        let bytes = damaged(self.book, damage);
        let Ok(book) = (self.data)(&reply(200, bytes), Access::Read, &[]) else { return Ok(()) };
        if let Ok(read) = (self.rows)(&book) {
            prop_assert_eq!(read.len(), book.as_array().map_or(0, Vec::len));
            for row in read {
                prop_assert!(row.order_id.0.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(!row.status.chars().any(char::is_control));
            }
        }
        Ok(())
    }

    /// Words of a damaged reply are short and plain.
    pub(super) fn words_are_plain(&self, damage: &[Damage]) -> Held {
        let bytes = damaged(self.failures[0], damage);
        if let Err(fault) = (self.data)(&reply(200, bytes), Access::Write, &["IP"]) {
            let says = fault.error.says.unwrap_or_default();
            prop_assert!(says.chars().count() <= 300 && !says.chars().any(char::is_control));
        }
        let said = Said { status: 200, code: String::new(), message: String::new() };
        prop_assert_eq!(said.words(&[]), "HTTP 200");
        Ok(())
    }
}

/// The properties as tests of one broker.
macro_rules! hold_when_damaged {
    ($sample:expr) => {
        proptest::proptest! {
            #[test]
            fn an_order_is_taken_for_placed_only_where_the_reply_says_so(
                damage in $crate::broker::mutations::damage(),
            ) {
                $sample.success_is_said(&damage)?;
            }

            #[test]
            fn a_failure_never_becomes_an_order(
                which: usize,
                damage in $crate::broker::mutations::damage(),
                status in 200_u16..600,
            ) {
                $sample.failure_is_none(which, &damage, status)?;
            }

            #[test]
            fn a_book_is_whole_or_it_is_none(damage in $crate::broker::mutations::damage()) {
                $sample.book_is_whole(&damage)?;
            }

            #[test]
            fn words_of_a_damaged_reply_are_short_and_plain(
                damage in $crate::broker::mutations::damage(),
            ) {
                $sample.words_are_plain(&damage)?;
            }
        }
    };
}

pub(super) use hold_when_damaged;

/// One change of a reply's bytes.
#[derive(Debug, Clone)]
pub(super) enum Damage {
    /// A byte becomes another.
    Set(usize, u8),
    /// A byte is gone.
    Drop(usize),
    /// A byte comes in.
    Insert(usize, u8),
    /// A piece comes twice.
    Repeat(usize, usize),
    /// The rest is missing.
    Cut(usize),
}

/// One to five changes.
pub(super) fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let at = 0_usize..4096;
    let sign = prop_oneof![
        any::<u8>(),
        proptest::sample::select(b"{}[]\":,0123456789eE+-.tfn \\".to_vec())
    ];
    let one = prop_oneof![
        (at.clone(), sign.clone()).prop_map(|(at, sign)| Damage::Set(at, sign)),
        at.clone().prop_map(Damage::Drop),
        (at.clone(), sign).prop_map(|(at, sign)| Damage::Insert(at, sign)),
        (at.clone(), 1_usize..64).prop_map(|(at, length)| Damage::Repeat(at, length)),
        at.prop_map(Damage::Cut),
    ];
    vec(one, 1..6)
}

/// The reply after the damage.
fn damaged(body: &str, damage: &[Damage]) -> Vec<u8> {
    let mut bytes = body.as_bytes().to_vec();
    for change in damage {
        let length = bytes.len().max(1);
        match *change {
            Damage::Set(at, sign) => {
                if let Some(byte) = bytes.get_mut(at % length) {
                    *byte = sign;
                }
            }
            Damage::Drop(at) if !bytes.is_empty() => drop(bytes.remove(at % length)),
            Damage::Drop(_) => {}
            Damage::Insert(at, sign) => bytes.insert((at % length).min(bytes.len()), sign),
            Damage::Repeat(at, piece) => {
                let from = (at % length).min(bytes.len());
                let piece = bytes[from..(from + piece).min(bytes.len())].to_vec();
                bytes.splice(from..from, piece);
            }
            Damage::Cut(at) => bytes.truncate(at % length),
        }
    }
    bytes
}
