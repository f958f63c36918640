//! `muster audit`: who did what, and whether the chain of it holds.

use std::collections::VecDeque;

use muster_protocol::audit::AuditRow;
use muster_protocol::request::{ListAudit, VerifyAudit};

use super::{CommandError, Daemon, print, print::Printer};
use crate::cli::AuditCommand;

/// The most entries the daemon sends at once.
const PAGE: u32 = 1_000;

/// Follows the chain, or lists its entries.
pub(super) async fn audit(
    daemon: &Daemon,
    command: AuditCommand,
    printer: Printer,
) -> Result<(), CommandError> {
    match command {
        AuditCommand::Verify { head } => verify(daemon, head, printer).await,
        AuditCommand::List { limit, after } => list(daemon, (after, limit), printer).await,
    }
}

async fn verify(
    daemon: &Daemon,
    head: Option<String>,
    printer: Printer,
) -> Result<(), CommandError> {
    let chain = daemon.client.call(VerifyAudit { head }).await?;
    if printer.is_json() {
        return print::json("audit", &chain);
    }
    print::line(format!("the chain holds; {}", chain.head))?;
    match chain.kept {
        Some(number) => print::line(format!("the hash that was kept is entry {number}'s")),
        None => Ok(()),
    }
}

async fn list(
    daemon: &Daemon,
    (after, limit): (u64, u32),
    printer: Printer,
) -> Result<(), CommandError> {
    let rows = newest(daemon, after, limit).await?;
    if printer.is_json() {
        return rows.iter().try_for_each(|row| print::json("entry", row));
    }
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    print::table(&["NO", "WHEN", "WHO", "ROLE", "WHAT", "WHOM", "HASH"], &rows)
}

/// The newest so many after `after`, oldest first: asked for page by page, backwards. The chain only grows,
/// so that no page changes behind us.
async fn newest(
    daemon: &Daemon,
    after: u64,
    mut limit: u32,
) -> Result<VecDeque<AuditRow>, CommandError> {
    let (mut rows, mut before) = (VecDeque::new(), None);
    while limit > 0 {
        let wanted = limit.min(PAGE);
        let page = daemon.client.call(ListAudit { after, before, limit: wanted }).await?;
        let found = u32::try_from(page.len()).unwrap_or(u32::MAX);
        before = page.first().map(|row| row.number);
        page.into_iter().rev().for_each(|row| rows.push_front(row));
        if found < wanted {
            break;
        }
        limit = limit.saturating_sub(found);
    }
    Ok(rows)
}

fn cells(row: &AuditRow) -> Vec<String> {
    let entry = &row.entry;
    let what = if entry.done { entry.what.clone() } else { format!("REFUSED: {}", entry.what) };
    vec![
        row.number.to_string(),
        entry.at.day_clock(),
        entry.by.clone(),
        entry.role.clone(),
        what,
        entry.whom.clone().unwrap_or_default(),
        row.hash.chars().take(12).collect(),
    ]
}
