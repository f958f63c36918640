//! Angel One's instrument master: one large JSON array for all exchanges, made anew each day.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use muster_protocol::money::{Paise, Quantity};
use muster_protocol::order::Exchange;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{AngelOne, malformed};
use crate::broker::classify::{Access, Fault, Kinds, is_2xx, stray_words};
use crate::broker::error::BrokerError;
use crate::broker::http::Call;
use crate::domain::instrument::Instrument;

const CAP: usize = 64 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(120);

impl AngelOne {
    /// Reads the dump and keeps what is wanted.
    pub(super) async fn read_master(
        &self,
        wanted: BTreeSet<(Exchange, String)>,
    ) -> Result<Vec<Instrument>, BrokerError> {
        let call = Call::get(self.master.url()).large(CAP, TIMEOUT);
        let reply = self.http.send(call).await.map_err(|e| Fault::unsent(e, Access::Read))?;
        if !is_2xx(reply.status) || reply.cut {
            let kind = if reply.status >= 500 { Kinds::DOUBT } else { Kinds::MALFORMED };
            return Err(BrokerError::says(kind.on(Access::Read), stray_words(&reply, &[])));
        }
        // Tens of megabytes of JSON: not on a thread that serves others.
        let parsing = tokio::task::spawn_blocking(move || pick(&reply.body, &wanted));
        parsing.await.ok().flatten().ok_or_else(malformed)
    }
}

/// One row; all values are texts.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    expiry: Cow<'a, str>,
    #[serde(borrow)]
    lotsize: Cow<'a, str>,
    #[serde(borrow, default)]
    instrumenttype: Cow<'a, str>,
    #[serde(borrow)]
    exch_seg: Cow<'a, str>,
    #[serde(borrow)]
    tick_size: Cow<'a, str>,
}

/// A row that fits a wanted name, or two that fit it equally well.
enum Found {
    One(Fit, Instrument),
    Ambiguous(Fit),
}

/// How well a row fits; the better wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// A future named by the exchange's short form.
    Alias,
    /// The broker's symbol itself.
    Exact,
    /// The share's series for ordinary trading.
    Series,
}

type Wanted = BTreeSet<(Exchange, String)>;

fn pick(body: &[u8], wanted: &Wanted) -> Option<Vec<Instrument>> {
    let mut found = BTreeMap::new();
    let mut json = serde_json::Deserializer::from_slice(body);
    json.deserialize_seq(Rows { wanted, found: &mut found }).ok()?;
    json.end().ok()?;
    let one = |found| match found {
        Found::One(_, instrument) => Some(instrument),
        Found::Ambiguous(_) => None,
    };
    Some(found.into_values().filter_map(one).collect())
}

struct Rows<'w, 'f> {
    wanted: &'w Wanted,
    found: &'f mut BTreeMap<(Exchange, String), Found>,
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of instruments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        // A row that cannot be read is left out; the others still hold.
        while let Some(raw) = rows.next_element::<&RawValue>()? {
            let Ok(row) = serde_json::from_str::<Row<'_>>(raw.get()) else { continue };
            for (fit, symbol) in names(&row) {
                let Some(exchange) = exchange(&row.exch_seg) else { continue };
                let key = (exchange, symbol);
                if !self.wanted.contains(&key) {
                    continue;
                }
                let Some(instrument) = instrument(&row, &key) else { continue };
                let entry = match self.found.remove(&key) {
                    Some(Found::One(old, kept)) if old > fit => Found::One(old, kept),
                    Some(Found::One(old, kept)) if old == fit && kept == instrument => {
                        Found::One(old, kept)
                    }
                    Some(Found::One(old, _)) if old == fit => Found::Ambiguous(fit),
                    Some(Found::Ambiguous(old)) if old >= fit => Found::Ambiguous(old),
                    _ => Found::One(fit, instrument),
                };
                self.found.insert(key, entry);
            }
        }
        Ok(())
    }
}

fn exchange(code: &str) -> Option<Exchange> {
    const ALL: [Exchange; 6] =
        [Exchange::Nse, Exchange::Bse, Exchange::Nfo, Exchange::Bfo, Exchange::Mcx, Exchange::Cds];
    ALL.into_iter().find(|exchange| exchange.code() == code)
}

/// The names a plan may use for the row.
fn names(row: &Row<'_>) -> Vec<(Fit, String)> {
    if row.instrumenttype == "AMXIDX" {
        // An index cannot be ordered.
        return Vec::new();
    }
    let mut names = vec![(Fit::Exact, row.symbol.to_string())];
    if let Some(share) = row.symbol.strip_suffix("-EQ").filter(|_| row.exch_seg == "NSE") {
        names.push((Fit::Series, share.to_owned()));
    }
    names.extend(future_alias(row).map(|alias| (Fit::Alias, alias)));
    names
}

/// `NIFTY26NOVFUT`, the exchange's name of a future with one expiry a month.
fn future_alias(row: &Row<'_>) -> Option<String> {
    let monthly = matches!(row.exch_seg.as_ref(), "NFO" | "BFO");
    if !monthly || !row.instrumenttype.starts_with("FUT") || row.expiry.len() != 9 {
        return None;
    }
    let (month, year) = (row.expiry.get(2..5)?, row.expiry.get(7..9)?);
    Some(format!("{}{year}{}FUT", row.name, month.to_ascii_uppercase()))
}

fn instrument(row: &Row<'_>, (exchange, symbol): &(Exchange, String)) -> Option<Instrument> {
    // In paise, as a text with decimals. A tick below a paisa cannot be kept.
    let (paise, rest) = row.tick_size.split_once('.').unwrap_or((&row.tick_size, ""));
    let tick: i64 = paise.parse().ok().filter(|_| rest.bytes().all(|b| b == b'0'))?;
    let lot = row.lotsize.parse().ok().and_then(|units: u32| Quantity::try_from(units).ok())?;
    let plain = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    (tick > 0 && plain(&row.token) && plain(&row.symbol)).then(|| Instrument {
        exchange: *exchange,
        symbol: symbol.clone(),
        broker_symbol: row.symbol.to_string(),
        token: row.token.to_string(),
        tick: Paise(tick),
        lot,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(seg: &str, symbol: &str, token: &str, kind: &str) -> Value {
        let name = symbol.trim_end_matches("-EQ").chars().take_while(|c| !c.is_ascii_digit());
        json!({"token":token,"symbol":symbol,"name":name.collect::<String>(),"expiry":"24NOV2026",
            "strike":"-1.000000","lotsize":"75","instrumenttype":kind,"exch_seg":seg,"tick_size":"5.000000"})
    }

    fn find(rows: &Value, exchange: Exchange, symbol: &str) -> Option<Instrument> {
        let wanted = BTreeSet::from([(exchange, symbol.to_owned())]);
        pick(rows.to_string().as_bytes(), &wanted).unwrap().pop()
    }

    #[test]
    fn shares_carry_a_series_and_futures_a_short_name() {
        let rows = json!([
            row("NSE", "SBIN", "1", "AMXIDX"),
            row("NSE", "SBIN-BL", "2", ""),
            row("NSE", "SBIN-EQ", "3045", ""),
            row("BSE", "SBIN", "500112", ""),
            row("NFO", "NIFTY24NOV26FUT", "35001", "FUTIDX"),
            {"token": 5},
            "odd",
        ]);
        let sbin = find(&rows, Exchange::Nse, "SBIN").unwrap();
        assert_eq!((sbin.broker_symbol.as_str(), sbin.token.as_str()), ("SBIN-EQ", "3045"));
        assert_eq!((sbin.tick, sbin.lot.get()), (Paise(5), 75));
        assert_eq!(find(&rows, Exchange::Bse, "SBIN").unwrap().token, "500112");
        for name in ["NIFTY26NOVFUT", "NIFTY24NOV26FUT"] {
            let future = find(&rows, Exchange::Nfo, name).unwrap();
            assert_eq!((future.symbol.as_str(), future.token.as_str()), (name, "35001"));
        }
        assert!(find(&rows, Exchange::Nse, "NIFTY26NOVFUT").is_none());
    }

    #[test]
    fn two_rows_that_fit_equally_fit_not_at_all() {
        let rows = json!([
            row("NFO", "NIFTY24NOV26FUT", "1", "FUTIDX"),
            row("NFO", "NIFTY26NOV26FUT", "2", "FUTIDX"),
            row("NFO", "NIFTY27NOV26FUT", "3", "FUTIDX"),
        ]);
        assert!(find(&rows, Exchange::Nfo, "NIFTY26NOVFUT").is_none());
        assert!(find(&rows, Exchange::Nfo, "NIFTY24NOV26FUT").is_some());
    }

    #[test]
    fn a_broken_dump_is_no_dump() {
        let none = Wanted::new();
        for bad in ["", "{}", "[{}", "[]x", "null"] {
            assert!(pick(bad.as_bytes(), &none).is_none(), "{bad}");
        }
        assert!(pick(b"[]", &none).is_some());
    }

    proptest::proptest! {
        #[test]
        fn any_row_is_survived(symbol in ".{0,9}", expiry in ".{0,9}", tick in "[0-9.\\-]{0,24}") {
            let mut odd = row("NFO", &symbol, "1", "FUTIDX");
            odd["expiry"] = Value::from(expiry);
            odd["tick_size"] = Value::from(tick);
            let _ = find(&json!([odd]), Exchange::Nfo, &symbol);
        }
    }
}
