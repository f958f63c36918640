//! Lists: built, kept, found again.

use muster_protocol::money::{Paise, Quantity};
use muster_protocol::order::Exchange;
use muster_protocol::time::Timestamp;

use super::*;

fn entry(fit: Fit, exchange: Exchange, symbol: &str, own: &str) -> Entry {
    let instrument = Instrument {
        exchange,
        symbol: symbol.to_owned(),
        broker_symbol: own.to_owned(),
        token: format!("T{own}"),
        tick: Paise(5),
        lot: Quantity::try_from(1).unwrap(),
    };
    Entry { fit, listed: Listed { instrument, name: format!("{symbol} LTD") } }
}

fn built(entries: &[Entry]) -> Listing {
    let mut builder = Builder::default();
    for entry in entries {
        builder.push(entry);
    }
    builder.build().unwrap()
}

fn some() -> Listing {
    built(&[
        entry(Fit::Series, Exchange::Nse, "SBIN", "SBIN-EQ"),
        entry(Fit::Exact, Exchange::Nse, "SBIN", "SBIN"),
        entry(Fit::Exact, Exchange::Bse, "SBIN", "SBIN"),
        entry(Fit::Exact, Exchange::Nse, "SBILIFE", "SBILIFE"),
        entry(Fit::Alias, Exchange::Nfo, "NIFTY26NOVFUT", "NIFTY24NOV26FUT"),
        entry(Fit::Alias, Exchange::Nfo, "X26NOVFUT", "X24NOV26FUT"),
        entry(Fit::Alias, Exchange::Nfo, "X26NOVFUT", "X25NOV26FUT"),
        entry(Fit::Exact, Exchange::Nse, "BAD\tNAME", "BAD"),
    ])
}

fn catalog() -> Catalog {
    let at = Timestamp::from_millis(1_000);
    let validators = Validators { etag: Some("\"a\"".to_owned()), modified: None };
    Catalog { stamp: Stamp { loaded: at, checked: at, validators }, listing: some() }
}

#[test]
fn the_better_claim_to_a_name_wins_and_equal_ones_keep_their_own() {
    let list = some();
    let token = |exchange, symbol: &str| list.find(exchange, symbol).map(|row| row.token);
    assert_eq!(token(Exchange::Nse, "SBIN").as_deref(), Some("TSBIN-EQ"));
    assert_eq!(token(Exchange::Bse, "SBIN").as_deref(), Some("TSBIN"));
    assert_eq!(token(Exchange::Nfo, "NIFTY26NOVFUT").as_deref(), Some("TNIFTY24NOV26FUT"));
    assert_eq!(token(Exchange::Nfo, "X26NOVFUT"), None);
    assert_eq!(token(Exchange::Nfo, "X25NOV26FUT").as_deref(), Some("TX25NOV26FUT"));
    for absent in ["", "SBI", "SBINX", "BAD\tNAME", "BAD"] {
        assert_eq!(token(Exchange::Nse, absent), None, "{absent}");
    }
    assert_eq!(list.len(), list.iter().count());
    for listed in list.iter() {
        let row = listed.instrument;
        assert_eq!(list.find(row.exchange, &row.symbol), Some(row));
    }
}

#[test]
fn what_is_kept_comes_back_and_what_is_damaged_does_not() {
    let kept = catalog();
    let bytes = kept.to_bytes();
    assert_eq!(Catalog::from_bytes(bytes.clone()), Ok(kept));
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        // The stamp is no part of the checksum; no instrument is.
        if let Ok(read) = Catalog::from_bytes(damaged) {
            assert_eq!(read.listing, some(), "byte {at}");
        }
        assert!(Catalog::from_bytes(bytes[..at].to_vec()).is_err(), "cut at {at}");
    }
    assert_eq!(Catalog::from_bytes(b"{}\n".to_vec()), Err(BadFile::Foreign));
}

#[test]
fn a_search_gives_the_nearest_first() {
    let list = some();
    let found = |text: &str| {
        let rows = list.search(text, 10);
        let name = |row: Listed| format!("{}:{}", row.instrument.exchange, row.instrument.symbol);
        rows.into_iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(found("sbin"), ["NSE:SBIN", "BSE:SBIN"]);
    assert_eq!(found("nse:sbi"), ["NSE:SBIN", "NSE:SBILIFE"]);
    assert_eq!(found("nifty fut"), ["NFO:NIFTY26NOVFUT"]);
    assert_eq!(found("life ltd"), ["NSE:SBILIFE"]);
    assert_eq!(found("nfo:").len(), 3);
    for nothing in ["", "  ", "zzz", "é", "nyse:sbin", "\t"] {
        assert!(found(nothing).is_empty(), "{nothing}");
    }
    assert_eq!(list.search("s", 1).len(), 1);
}

proptest::proptest! {
    #[test]
    fn any_bytes_and_any_search_are_survived(bytes: Vec<u8>, text in ".{0,24}") {
        let _ = Catalog::from_bytes(bytes);
        let _ = some().search(&text, 5);
    }
}
