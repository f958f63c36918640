//! Which adapter serves which broker, and where the brokers are.

use std::sync::Arc;

use muster_protocol::order::Broker;

use super::Adapter;
use super::angel_one::AngelOne;
use super::base_url::BaseUrl;
use super::http::Http;
use super::zerodha::Zerodha;

/// The brokers' addresses; the real ones by default, a sandbox's in tests.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Angel One's REST root.
    pub angel_one: BaseUrl,
    /// Angel One's instrument master, the whole URL.
    pub angel_one_instruments: BaseUrl,
    /// Zerodha's REST root.
    pub zerodha: BaseUrl,
    /// Zerodha's login page, the whole URL.
    pub zerodha_login: BaseUrl,
}

impl Default for Endpoints {
    fn default() -> Self {
        let real = |text| BaseUrl::parse(text).expect("the four literals below are https URLs");
        Self {
            angel_one: real("https://apiconnect.angelone.in"),
            angel_one_instruments: real(
                "https://margincalculator.angelone.in/OpenAPI_File/files/OpenAPIScripMaster.json",
            ),
            zerodha: real("https://api.kite.trade"),
            zerodha_login: real("https://kite.zerodha.com/connect/login"),
        }
    }
}

/// The adapter of a broker over this client.
pub fn adapter(broker: Broker, endpoints: &Endpoints, http: Http) -> Arc<dyn Adapter> {
    match broker {
        Broker::AngelOne => Arc::new(AngelOne::new(endpoints, http)),
        Broker::Zerodha => Arc::new(Zerodha::new(endpoints, http)),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use muster_protocol::failure::FailureKind;

    use super::*;
    use crate::broker::classify::{Row, Source, Status};
    use crate::broker::{angel_one, zerodha};

    const BEGIN: &str = "<!-- tables -->\n";
    const END: &str = "<!-- end of tables -->\n";

    /// The brokers' tables as the document has them.
    fn tables() -> String {
        let mut text = String::new();
        for (broker, rows) in
            Broker::ALL.into_iter().zip([angel_one::table::TABLE, zerodha::table::TABLE])
        {
            let _ = write!(text, "\n### {}\n\n", broker.title());
            text.push_str("| code or type | words | status | a read | an order | source |\n");
            text.push_str("|---|---|---|---|---|---|\n");
            for row in rows {
                text.push_str(&line(row));
            }
        }
        text.push('\n');
        text
    }

    fn line(row: &Row) -> String {
        let status = match row.status {
            Status::Any => "any".to_owned(),
            Status::Is(status) => status.to_string(),
            Status::Client => "4xx".to_owned(),
            Status::Server => "5xx".to_owned(),
        };
        let source = match row.source {
            Source::Documented => "documented",
            Source::Reported => "reported",
            Source::Guess => "guess",
        };
        let or_any = |text: &str| if text.is_empty() { "any".to_owned() } else { text.to_owned() };
        let (code, words) = (or_any(row.code), or_any(row.text).replace('|', "\\|"));
        let (read, write) = (row.kinds.read.words(), row.kinds.write.words());
        format!("| {code} | {words} | {status} | {read} | {write} | {source} |\n")
    }

    #[test]
    fn the_document_has_the_tables_as_they_are() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/brokers.md");
        let document = std::fs::read_to_string(path).unwrap();
        let (_, rest) = document.split_once(BEGIN).expect("the mark where the tables begin");
        let (kept, _) = rest.split_once(END).expect("the mark where they end");
        let tables = tables();
        assert!(kept == tables, "docs/brokers.md is to hold between its marks:\n{tables}<end>");
    }

    #[test]
    fn a_guess_never_proves_that_nothing_was_placed() {
        for row in [angel_one::table::TABLE, zerodha::table::TABLE].concat() {
            let proves = row.kinds.write != FailureKind::InDoubt;
            assert!(!(proves && row.source == Source::Guess), "{row:?}");
        }
    }

    #[test]
    fn the_real_addresses_are_the_default() {
        let endpoints = Endpoints::default();
        assert_eq!(endpoints.zerodha.contact_words(), "TLS to api.kite.trade");
        assert_eq!(endpoints.angel_one.contact_words(), "TLS to apiconnect.angelone.in");
    }
}
