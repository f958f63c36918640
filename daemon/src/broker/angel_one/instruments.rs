//! Angel One's instrument master: one large JSON array for all exchanges, made anew each day.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use muster_protocol::money::{Paise, Quantity};
use muster_protocol::order::Exchange;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{AngelOne, malformed};
use crate::broker::catalog::{
    Builder, Downloaded, Entry, Fit, Listed, Listing, Validators, exchange,
};
use crate::broker::classify::{Access, Fault, Kinds, is_2xx, stray_words};
use crate::broker::error::BrokerError;
use crate::broker::http::{Call, NOT_MODIFIED};
use crate::domain::instrument::Instrument;

impl AngelOne {
    /// Reads the master, unless it is still the one that is known.
    pub(super) async fn read_master(
        &self,
        known: Option<&Validators>,
    ) -> Result<Option<Downloaded>, BrokerError> {
        let call = Call::get(self.master.url()).dump(known);
        let reply = self.http.send(call).await.map_err(|e| Fault::unsent(e, Access::Read))?;
        if known.is_some() && reply.status == NOT_MODIFIED {
            return Ok(None);
        }
        if !is_2xx(reply.status) || reply.cut {
            let kind = if reply.status >= 500 { Kinds::DOUBT } else { Kinds::MALFORMED };
            return Err(BrokerError::says(kind.on(Access::Read), stray_words(&reply, &[])));
        }
        let validators = reply.validators;
        // Tens of megabytes of JSON: not on a thread that serves others.
        let parsing = tokio::task::spawn_blocking(move || list(&reply.body));
        let listing = parsing.await.ok().flatten().ok_or_else(malformed)?;
        Ok(Some(Downloaded { listing, validators }))
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

/// The last day in each month on which contracts of a name expire: that is the month's own.
type Months = BTreeMap<(String, String, String), u8>;

/// Read twice: the first time for the months, since a contract's name depends on the others.
fn list(body: &[u8]) -> Option<Listing> {
    let mut months = Months::new();
    each(body, |row| {
        if let Some((day, month)) = row.expiry().filter(|_| row.is_dated()) {
            let key = (row.exch_seg.to_string(), row.name.to_string(), month);
            let last = months.entry(key).or_default();
            *last = day.max(*last);
        }
    })?;
    let mut builder = Builder::default();
    each(body, |row| {
        if let Some(entry) = entry(row, &months) {
            builder.push(&entry);
        }
    })?;
    builder.build()
}

/// Hands every row that can be read to `take`; a row that cannot is left out, the others still hold.
fn each(body: &[u8], take: impl FnMut(&Row<'_>)) -> Option<()> {
    let mut json = serde_json::Deserializer::from_slice(body);
    json.deserialize_seq(Rows(take)).ok()?;
    json.end().ok()
}

struct Rows<F>(F);

impl<'de, F: FnMut(&Row<'_>)> Visitor<'de> for Rows<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of instruments")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<(), A::Error> {
        while let Some(raw) = rows.next_element::<&RawValue>()? {
            if let Ok(row) = serde_json::from_str::<Row<'_>>(raw.get()) {
                (self.0)(&row);
            }
        }
        Ok(())
    }
}

impl Row<'_> {
    /// Whether it is a contract whose name the exchange makes from its date.
    fn is_dated(&self) -> bool {
        let kind = &self.instrumenttype;
        let contract = kind.starts_with("FUT") || kind.starts_with("OPT");
        contract && matches!(self.exch_seg.as_ref(), "NFO" | "BFO")
    }

    /// The day, and the month as `26NOV`, of `24NOV2026`.
    fn expiry(&self) -> Option<(u8, String)> {
        let text = self.expiry.as_ref();
        let day = text.get(..2)?.parse().ok().filter(|day| (1..=31).contains(day))?;
        let (month, year) = (text.get(2..5)?.to_ascii_uppercase(), text.get(7..9)?);
        (text.len() == 9).then(|| (day, format!("{year}{month}")))
    }

    /// What the exchange calls a contract: `NIFTY26NOVFUT`, `NIFTY26NOV26000CE` for the month's own
    /// expiry, `NIFTY26N1726000CE` for an earlier one.
    fn alias(&self, months: &Months) -> Option<String> {
        let (day, month) = self.expiry().filter(|_| self.is_dated())?;
        // The broker's is `NIFTY`, `24NOV26`, and the rest.
        let rest = self.symbol.strip_prefix(self.name.as_ref())?.get(7..)?;
        if rest == "FUT" {
            return Some(format!("{}{month}FUT", self.name));
        }
        if !rest.ends_with("CE") && !rest.ends_with("PE") {
            return None;
        }
        let key = (self.exch_seg.to_string(), self.name.to_string(), month);
        let last = months.get(&key).copied()?;
        let (_, _, month) = key;
        if day == last {
            return Some(format!("{}{month}{rest}", self.name));
        }
        let (year, name) = (month.get(..2)?, month.get(2..)?);
        Some(format!("{}{year}{}{day:02}{rest}", self.name, letter(name)?))
    }
}

/// The month in a weekly contract's name.
fn letter(month: &str) -> Option<&'static str> {
    const MONTHS: [(&str, &str); 12] = [
        ("JAN", "1"),
        ("FEB", "2"),
        ("MAR", "3"),
        ("APR", "4"),
        ("MAY", "5"),
        ("JUN", "6"),
        ("JUL", "7"),
        ("AUG", "8"),
        ("SEP", "9"),
        ("OCT", "O"),
        ("NOV", "N"),
        ("DEC", "D"),
    ];
    MONTHS.iter().find(|(name, _)| *name == month).map(|(_, letter)| *letter)
}

fn entry(row: &Row<'_>, months: &Months) -> Option<Entry> {
    // An index cannot be ordered.
    if row.instrumenttype == "AMXIDX" {
        return None;
    }
    let exchange = exchange(&row.exch_seg)?;
    // In paise, as a text with decimals. A tick below a paisa cannot be kept.
    let (paise, rest) = row.tick_size.split_once('.').unwrap_or((&row.tick_size, ""));
    let tick: i64 = paise.parse().ok().filter(|_| rest.bytes().all(|b| b == b'0'))?;
    let lot = row.lotsize.parse().ok().and_then(|units: u32| Quantity::try_from(units).ok())?;
    let series = row.symbol.strip_suffix("-EQ").filter(|_| exchange == Exchange::Nse);
    let (fit, symbol) = match (series, row.alias(months)) {
        (Some(share), _) => (Fit::Series, share.to_owned()),
        (None, Some(alias)) => (Fit::Alias, alias),
        (None, None) => (Fit::Exact, row.symbol.to_string()),
    };
    let instrument = Instrument {
        exchange,
        symbol,
        broker_symbol: row.symbol.to_string(),
        token: row.token.to_string(),
        tick: Paise(tick),
        lot,
    };
    Some(Entry { fit, listed: Listed { instrument, name: row.name.to_string() } })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(seg: &str, symbol: &str, token: &str, kind: &str) -> Value {
        let name = symbol.trim_end_matches("-EQ").chars().take_while(|c| !c.is_ascii_digit());
        let name: String = name.collect();
        let date = symbol.get(name.len()..name.len() + 7).filter(|_| seg != "NSE" && seg != "BSE");
        let expiry = date.map(|date| date.split_at(5));
        let expiry = expiry.map(|(day, year)| format!("{day}20{year}")).unwrap_or_default();
        json!({"token":token,"symbol":symbol,"name":name,"expiry":expiry,
            "strike":"-1.000000","lotsize":"75","instrumenttype":kind,"exch_seg":seg,"tick_size":"5.000000"})
    }

    fn listed(rows: &Value) -> Listing {
        list(rows.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn shares_carry_a_series_and_contracts_the_exchanges_name() {
        let rows = listed(&json!([
            row("NSE", "SBIN", "1", "AMXIDX"),
            row("NSE", "SBIN-BL", "2", ""),
            row("NSE", "SBIN-EQ", "3045", ""),
            row("BSE", "SBIN", "500112", ""),
            row("NFO", "NIFTY24NOV26FUT", "35001", "FUTIDX"),
            row("NFO", "NIFTY24NOV2626000CE", "4", "OPTIDX"),
            row("NFO", "NIFTY17NOV2626000CE", "5", "OPTIDX"),
            row("NFO", "NIFTY03NOV2626000PE", "6", "OPTIDX"),
            row("NFO", "RELIANCE24NOV261292.5PE", "7", "OPTSTK"),
            row("MCX", "CRUDEOIL19NOV26FUT", "8", "FUTCOM"),
            {"token": 5},
            "odd",
        ]));
        let sbin = rows.find(Exchange::Nse, "SBIN").unwrap();
        assert_eq!((sbin.broker_symbol.as_str(), sbin.token.as_str()), ("SBIN-EQ", "3045"));
        assert_eq!((sbin.tick, sbin.lot.get()), (Paise(5), 75));
        for (exchange, symbol, token) in [
            (Exchange::Nse, "SBIN-BL", "2"),
            (Exchange::Bse, "SBIN", "500112"),
            (Exchange::Nfo, "NIFTY26NOVFUT", "35001"),
            (Exchange::Nfo, "NIFTY26NOV26000CE", "4"),
            (Exchange::Nfo, "NIFTY26N1726000CE", "5"),
            (Exchange::Nfo, "NIFTY26N0326000PE", "6"),
            (Exchange::Nfo, "RELIANCE26NOV1292.5PE", "7"),
            (Exchange::Mcx, "CRUDEOIL19NOV26FUT", "8"),
        ] {
            let found = rows.find(exchange, symbol);
            assert_eq!(found.map(|found| found.token).as_deref(), Some(token), "{symbol}");
        }
        assert_eq!(rows.len(), 9);
    }

    #[test]
    fn two_rows_that_fit_equally_keep_the_brokers_names() {
        let rows = listed(&json!([
            row("NFO", "NIFTY24NOV26FUT", "1", "FUTIDX"),
            row("NFO", "NIFTY26NOV26FUT", "2", "FUTIDX"),
        ]));
        assert!(rows.find(Exchange::Nfo, "NIFTY26NOVFUT").is_none());
        assert!(rows.find(Exchange::Nfo, "NIFTY24NOV26FUT").is_some());
    }

    #[test]
    fn a_broken_dump_is_no_dump() {
        for bad in ["", "{}", "[{}", "[]x", "null"] {
            assert!(list(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(list(b"[]").is_some_and(|list| list.is_empty()));
    }

    proptest::proptest! {
        #[test]
        fn any_row_is_survived(
            symbol in ".{0,9}", name in ".{0,4}", expiry in "(.{0,9}|[0-9]{2}[A-Zé]{3}[0-9]{4})",
            tick in "[0-9.\\-]{0,24}", kind in "(FUTIDX|OPTSTK|)",
        ) {
            let mut odd = row("NFO", "NIFTY24NOV26FUT", "1", &kind);
            odd["symbol"] = Value::from(format!("{name}{symbol}"));
            odd["name"] = Value::from(name);
            odd["expiry"] = Value::from(expiry);
            odd["tick_size"] = Value::from(tick);
            let list = listed(&json!([odd]));
            proptest::prop_assert!(list.iter().all(|row| row.instrument.tick.0 > 0));
        }
    }
}
