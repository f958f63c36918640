//! Kite's instrument dump: one CSV for all exchanges, made anew each day.

use muster_protocol::money::Quantity;

use super::wire::{self, Signing};
use super::{Zerodha, malformed};
use crate::broker::catalog::{
    Builder, Downloaded, Entry, Fit, Listed, Listing, Validators, exchange,
};
use crate::broker::classify::{Access, Fault, is_2xx};
use crate::broker::error::BrokerError;
use crate::broker::http::{Call, NOT_MODIFIED};
use crate::broker::{Auth, json};
use crate::domain::instrument::Instrument;

impl Zerodha {
    /// Reads the dump, unless it is still the one that is known. Whether a signature is needed is not
    /// documented: the broker's own Rust client sends none, the documents' example sends one.
    pub(super) async fn read_dump(
        &self,
        auth: Option<Auth<'_>>,
        known: Option<&Validators>,
    ) -> Result<Option<Downloaded>, BrokerError> {
        let signing = auth.map(Signing::of).transpose()?;
        let call = Call::get(self.base.with(&["instruments"])).dump(known);
        let call = match &signing {
            Some(signing) => signing.sign(call),
            None => wire::versioned(call),
        };
        let reply = self.http.send(call).await.map_err(|e| Fault::unsent(e, Access::Read))?;
        if known.is_some() && reply.status == NOT_MODIFIED {
            return Ok(None);
        }
        let json = reply.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
        if !is_2xx(reply.status) || json {
            // An error may come with HTTP 200 on this route too.
            let secrets = signing.as_ref().map(Signing::secrets);
            wire::data(&reply, Access::Read, secrets.as_ref().map_or(&[][..], |all| &all[..]))?;
            return Err(malformed());
        }
        if reply.cut {
            return Err(malformed());
        }
        let validators = reply.validators;
        let parsing = tokio::task::spawn_blocking(move || list(&reply.body));
        let listing = parsing.await.ok().flatten().ok_or_else(malformed)?;
        Ok(Some(Downloaded { listing, validators }))
    }
}

/// Where each column stands, from the header line.
struct Columns {
    token: usize,
    symbol: usize,
    tick: usize,
    lot: usize,
    segment: usize,
    name: usize,
    exchange: usize,
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
            name: at("name")?,
            exchange: at("exchange")?,
        })
    }
}

fn list(body: &[u8]) -> Option<Listing> {
    let text = std::str::from_utf8(body).ok()?;
    let mut lines = text.lines();
    let header = lines.next()?.trim_start_matches('\u{feff}');
    let columns = Columns::of(header)?;
    // Lines have no end mark for all of them: a last one that stops short is what shows half a dump.
    let last = text.lines().next_back()?;
    if fields(last).len() < fields(header).len() {
        return None;
    }
    let mut builder = Builder::default();
    for entry in lines.filter_map(|line| entry(line, &columns)) {
        builder.push(&entry);
    }
    builder.build()
}

fn entry(line: &str, columns: &Columns) -> Option<Entry> {
    let fields = fields(line);
    let field = |at: usize| fields.get(at).map(|text| text.trim());
    let exchange = exchange(field(columns.exchange)?)?;
    // An index cannot be ordered.
    if field(columns.segment)? == "INDICES" {
        return None;
    }
    let symbol = field(columns.symbol)?;
    // A tick below a paisa cannot be kept.
    let tick = json::rupees_text(field(columns.tick)?).filter(|tick| tick.0 > 0)?;
    let lot = field(columns.lot)?.parse().ok().and_then(|n: u32| Quantity::try_from(n).ok())?;
    let instrument = Instrument {
        exchange,
        symbol: symbol.to_owned(),
        broker_symbol: symbol.to_owned(),
        token: field(columns.token)?.to_owned(),
        tick,
        lot,
    };
    let name = field(columns.name)?.to_owned();
    Some(Entry { fit: Fit::Exact, listed: Listed { instrument, name } })
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
    use muster_protocol::order::Exchange;

    use super::*;

    const DUMP: &str = "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange\r\n\
        779521,3045,SBIN,\"STATE BANK, \"\"OF\"\" INDIA\",0.0,,0.0,0.05,1,EQ,NSE,NSE\r\n\
        256265,1001,NIFTY 50,NIFTY 50,0,,0,0,0,EQ,INDICES,NSE\r\n\
        1,1,M&M,MAHINDRA,0,,0,0.10000000000000001,1,EQ,NSE,NSE\r\n\
        3,3,SHORT\r\n\
        2,2,BROKEN,,0,,0,x,1,EQ,NSE,NSE\r\n";

    #[test]
    fn the_dump_is_read_by_its_header() {
        let list = list(DUMP.as_bytes()).unwrap();
        let sbin = list.find(Exchange::Nse, "SBIN").unwrap();
        assert_eq!((sbin.token.as_str(), sbin.tick, sbin.lot.get()), ("779521", Paise(5), 1));
        assert_eq!(list.find(Exchange::Nse, "M&M").unwrap().tick, Paise(10));
        assert_eq!(list.search("state of india", 9)[0].name, "STATE BANK, \"OF\" INDIA");
        for bad in ["NIFTY 50", "BROKEN", "SHORT", "ABSENT"] {
            assert!(list.find(Exchange::Nse, bad).is_none(), "{bad}");
        }
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn another_file_is_no_dump() {
        assert!(list(b"").is_none());
        assert!(list(b"a,b\n1,2").is_none());
        assert!(list(&[0xff, 0xfe]).is_none());
        let half = DUMP.split_at(DUMP.len() - 9).0;
        assert!(list(half.as_bytes()).is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_survived(line in "[\",a-zA-Z0-9.\\-\r]{0,80}") {
            let header = DUMP.lines().next().unwrap_or_default();
            let read = list(format!("{header}\n{line}\n").as_bytes());
            proptest::prop_assert!(read.is_none_or(|list| list.len() <= 1));
        }
    }
}
