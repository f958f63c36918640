//! Kite's instrument dumps: one CSV an exchange, made anew each day.

use std::collections::BTreeSet;
use std::time::Duration;

use muster_protocol::money::Quantity;
use muster_protocol::order::Exchange;

use super::{Zerodha, malformed, wire};
use crate::broker::classify::{Access, Fault, is_2xx};
use crate::broker::error::BrokerError;
use crate::broker::http::Call;
use crate::broker::json;
use crate::domain::instrument::Instrument;

const CAP: usize = 64 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(120);

impl Zerodha {
    /// Reads the dump of each exchange wanted. Sent unsigned: whether a signature is needed is not
    /// documented, and the broker's own Rust client sends none.
    pub(super) async fn read_dumps(
        &self,
        wanted: &BTreeSet<(Exchange, String)>,
    ) -> Result<Vec<Instrument>, BrokerError> {
        let exchanges: BTreeSet<Exchange> = wanted.iter().map(|(exchange, _)| *exchange).collect();
        let mut all = Vec::new();
        for exchange in exchanges {
            let symbols: BTreeSet<String> =
                wanted.iter().filter(|(e, _)| *e == exchange).map(|(_, s)| s.clone()).collect();
            let url = self.base.with(&["instruments", exchange.code()]);
            let call = wire::versioned(Call::get(url)).large(CAP, TIMEOUT);
            let reply = self.http.send(call).await.map_err(|e| Fault::unsent(e, Access::Read))?;
            let json = reply.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
            if !is_2xx(reply.status) || json {
                // An error may come with HTTP 200 on this route too.
                wire::data(&reply, Access::Read, &[])?;
                return Err(malformed());
            }
            if reply.cut {
                return Err(malformed());
            }
            let parsing =
                tokio::task::spawn_blocking(move || pick(&reply.body, exchange, &symbols));
            all.extend(parsing.await.ok().flatten().ok_or_else(malformed)?);
        }
        Ok(all)
    }
}

/// Where each column stands, from the header line.
struct Columns {
    token: usize,
    symbol: usize,
    tick: usize,
    lot: usize,
    segment: usize,
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let names = fields(header);
        let at = |name: &str| names.iter().position(|known| known == name);
        Some(Self {
            token: at("instrument_token")?,
            symbol: at("tradingsymbol")?,
            tick: at("tick_size")?,
            lot: at("lot_size")?,
            segment: at("segment")?,
        })
    }
}

fn pick(body: &[u8], exchange: Exchange, wanted: &BTreeSet<String>) -> Option<Vec<Instrument>> {
    let text = std::str::from_utf8(body).ok()?;
    let mut lines = text.lines();
    let columns = Columns::of(lines.next()?.trim_start_matches('\u{feff}'))?;
    Some(lines.filter_map(|line| row(line, &columns, exchange, wanted)).collect())
}

fn row(
    line: &str,
    columns: &Columns,
    exchange: Exchange,
    wanted: &BTreeSet<String>,
) -> Option<Instrument> {
    let fields = fields(line);
    let field = |at: usize| fields.get(at).map(|text| text.trim());
    let symbol = field(columns.symbol).filter(|symbol| wanted.contains(*symbol))?;
    // An index cannot be ordered.
    if field(columns.segment)? == "INDICES" {
        return None;
    }
    // A tick below a paisa cannot be kept.
    let tick = json::rupees_text(field(columns.tick)?).filter(|tick| tick.0 > 0)?;
    let lot = field(columns.lot)?.parse().ok().and_then(|n: u32| Quantity::try_from(n).ok())?;
    let token = field(columns.token).filter(|token| !token.is_empty())?;
    Some(Instrument {
        exchange,
        symbol: symbol.to_owned(),
        broker_symbol: symbol.to_owned(),
        token: token.to_owned(),
        tick,
        lot,
    })
}

/// The fields of one line; a quoted field may hold commas and doubled quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut fields, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => push(&mut fields, c),
        }
    }
    fields
}

fn push(fields: &mut [String], c: char) {
    if let Some(last) = fields.last_mut() {
        last.push(c);
    }
}

#[cfg(test)]
mod tests {
    use muster_protocol::money::Paise;

    use super::*;

    const DUMP: &str = "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange\r\n\
        779521,3045,SBIN,\"STATE BANK, \"\"OF\"\" INDIA\",0.0,,0.0,0.05,1,EQ,NSE,NSE\r\n\
        256265,1001,NIFTY 50,NIFTY 50,0,,0,0,0,EQ,INDICES,NSE\r\n\
        1,1,M&M,MAHINDRA,0,,0,0.10000000000000001,1,EQ,NSE,NSE\r\n\
        2,2,BROKEN,,0,,0,x,1,EQ,NSE,NSE\r\n\
        3,3,SHORT\r\n";

    fn find(symbol: &str) -> Option<Instrument> {
        let wanted = BTreeSet::from([symbol.to_owned()]);
        pick(DUMP.as_bytes(), Exchange::Nse, &wanted).unwrap().pop()
    }

    #[test]
    fn the_dump_is_read_by_its_header() {
        let sbin = find("SBIN").unwrap();
        assert_eq!((sbin.token.as_str(), sbin.tick, sbin.lot.get()), ("779521", Paise(5), 1));
        assert_eq!(find("M&M").unwrap().tick, Paise(10));
        for bad in ["NIFTY 50", "BROKEN", "SHORT", "ABSENT"] {
            assert!(find(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn another_file_is_no_dump() {
        let none = BTreeSet::new();
        assert!(pick(b"", Exchange::Nse, &none).is_none());
        assert!(pick(b"a,b\n1,2", Exchange::Nse, &none).is_none());
        assert!(pick(&[0xff, 0xfe], Exchange::Nse, &none).is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_survived(line in "[\",a-z0-9.\\-\r]{0,80}") {
            let header = DUMP.lines().next().unwrap_or_default();
            let wanted = BTreeSet::from([String::new(), "a".to_owned()]);
            let _ = pick(format!("{header}\n{line}\n").as_bytes(), Exchange::Nse, &wanted);
        }
    }
}
