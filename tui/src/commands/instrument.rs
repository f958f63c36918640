//! `muster instrument`.

use muster_protocol::instrument::InstrumentView;
use muster_protocol::request::SearchInstruments;

use super::{CommandError, Daemon, print, print::Printer};
use crate::cli::InstrumentCommand;

/// Looks instruments up.
pub(super) async fn instrument(
    daemon: &Daemon,
    command: InstrumentCommand,
    printer: Printer,
) -> Result<(), CommandError> {
    let InstrumentCommand::Search { limit, text } = command;
    let search = SearchInstruments { text: text.join(" "), limit };
    let found = daemon.client.call(search).await?;
    if printer.is_json() {
        return found.iter().try_for_each(|one| print::json("instrument", one));
    }
    if found.is_empty() {
        return Err(CommandError::Failed("no instrument fits; try a shorter word".to_owned()));
    }
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    print::table(&["INSTRUMENT", "LOT", "TICK", "BROKERS", "NAME"], &rows)
}

fn row(found: &InstrumentView) -> Vec<String> {
    let brokers: Vec<&str> = found.brokers.iter().map(|broker| broker.short()).collect();
    vec![
        format!("{}:{}", found.exchange, found.symbol),
        found.lot.to_string(),
        found.tick.rupees(),
        brokers.join(" "),
        found.name.clone(),
    ]
}
