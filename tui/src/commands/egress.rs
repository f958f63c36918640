//! `muster egress`: the ways out, what the world sees of them, who uses them.

use muster_protocol::request::{SetEgress, Status};
use muster_protocol::status::{EgressState, EgressView};
use muster_protocol::time::Timestamp;

use super::{CommandError, Daemon, print, print::Printer};
use crate::text;

/// Lists the ways out; fails if one is not as people registered it.
pub(super) async fn egress(daemon: &Daemon, printer: &Printer) -> Result<(), CommandError> {
    let status = daemon.client.call(Status {}).await?;
    if printer.is_json() {
        print::json("egress", &status.egress)?;
    } else {
        let rows: Vec<Vec<String>> =
            status.egress.iter().map(|egress| row(egress, status.now)).collect();
        print::table(&["NAME", "REGISTER", "STATE", "SEEN", "", "ACCOUNTS"], &rows)?;
        for line in status.egress.iter().flat_map(notes) {
            print::line(line)?;
        }
    }
    let wrong =
        |egress: &&EgressView| matches!(egress.state, EgressState::Another | EgressState::Gone);
    match status.egress.iter().filter(wrong).count() {
        0 => Ok(()),
        n => Err(CommandError::Failed(format!("{n} ways out are not as registered"))),
    }
}

fn row(egress: &EgressView, now: Timestamp) -> Vec<String> {
    let seen = egress.observed.as_ref();
    vec![
        egress.name.to_string(),
        egress.address.clone(),
        egress.state.words().to_owned(),
        seen.map_or_else(|| "-".to_owned(), |seen| seen.address.clone()),
        seen.map(|seen| text::ago(now.since(seen.at))).unwrap_or_default(),
        egress.accounts.to_string(),
    ]
}

fn notes(egress: &EgressView) -> Vec<String> {
    let name = &egress.name;
    let mut notes = Vec::new();
    if let Some(bind) = &egress.bind {
        notes.push(format!("{name}: leaves from {bind}"));
    }
    if egress.proxied {
        notes.push(format!("{name}: through a proxy"));
    }
    if let Some(trouble) = &egress.trouble {
        notes.push(format!("{name}: the last look failed: {trouble}"));
    }
    for broker in &egress.shared_at {
        notes.push(format!(
            "{name}: more than one person's accounts at {} share it; unrelated people may do so only through an empanelled provider",
            broker.title()
        ));
    }
    notes
}

/// Gives an account another way out.
pub(super) async fn set(
    daemon: &Daemon,
    named: &str,
    egress: &str,
    printer: Printer,
) -> Result<(), CommandError> {
    let account = daemon.find(named).await?;
    let way = egress.parse().map_err(|error| CommandError::Usage(format!("{error}")))?;
    daemon.client.call(SetEgress { account: account.id, egress: way }).await?;
    let words = format!("{} {}: leaves by {egress} from now on", account.user, account.broker);
    if printer.is_json() { print::json("done", &words) } else { print::line(words) }
}
