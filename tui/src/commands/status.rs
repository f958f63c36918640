//! `muster status` and `muster muster`.

use muster_protocol::account::{AccountView, Fitness};
use muster_protocol::request::{House, ListAccounts, Status};
use muster_protocol::status::{StatusView, VaultState};
use muster_protocol::time::Timestamp;
use serde::Serialize;

use super::{CommandError, Daemon, print, print::Printer};
use crate::text;

/// The daemon at a glance.
pub(super) async fn status(daemon: &Daemon, printer: &Printer) -> Result<(), CommandError> {
    let status = daemon.client.call(Status {}).await?;
    if printer.is_json() {
        return print::json("status", &status);
    }
    for line in lines(&status) {
        print::line(line)?;
    }
    Ok(())
}

/// The store's size, the vault's slots, the last backup.
pub(super) async fn house(daemon: &Daemon, printer: &Printer) -> Result<(), CommandError> {
    let house = daemon.client.call(House {}).await?;
    if printer.is_json() {
        return print::json("house", &house);
    }
    let size = house.store_bytes.map_or_else(|| "size unknown".to_owned(), text::bytes);
    let slots: Vec<_> = house.slots.iter().map(|slot| slot.kind.words()).collect();
    let backup = house.backup.map_or_else(|| "none known".to_owned(), Timestamp::day_clock);
    print::line(format!("store     {size}, {} records", house.records))?;
    print::line(format!("journal   {} entries", house.journal))?;
    print::line(format!("slots     {}", slots.join(", ")))?;
    print::line(format!("backup    {backup}"))
}

fn lines(status: &StatusView) -> Vec<String> {
    let now = status.now;
    let vault = match status.vault {
        VaultState::Open => "open",
        VaultState::Sealed => "SEALED",
    };
    let next = status.next_run.as_ref().map_or_else(
        || "none".to_owned(),
        |next| {
            let left = text::countdown(next.at.since(now));
            format!("{} at {}, {}, in {left}", next.plan, next.at.day_clock(), next.mode.words())
        },
    );
    let c = status.counts;
    let mut lines = vec![
        format!("daemon    {}, up {}", status.version, text::span(now.since(status.started))),
        format!("clock     {} IST, market {}", now.day_clock(), status.market.words()),
        format!("vault     {vault}"),
        format!("next run  {next}"),
        format!("accounts  {} fit, {} NOT, {} off", c.fit, c.unfit, c.off),
    ];
    if let Some(reason) = status.held {
        lines.push(format!("runs      {}", reason.words()));
    }
    if let Some(audit) = &status.audit {
        lines.push(format!("audit     {} entries, head {}", audit.entries, audit.hash));
    }
    for egress in &status.egress {
        let seen = match &egress.observed {
            None => "not observed yet".to_owned(),
            Some(seen) if seen.address == egress.address => {
                format!("observed {}", text::ago(now.since(seen.at)))
            }
            Some(seen) => format!("BUT the world sees {}", seen.address),
        };
        let name = format!("{} {}", egress.name, egress.address);
        lines.push(format!("egress    {name}, {seen}, {} accounts", egress.accounts));
    }
    lines.push(format!("calendar  until {}", status.calendar_until.words()));
    lines
}

/// The board before the next run.
#[derive(Serialize)]
struct Board<'a> {
    next_run: Option<&'a muster_protocol::status::NextRun>,
    fit: Vec<&'a AccountView>,
    unfit: Vec<&'a AccountView>,
    off: Vec<&'a AccountView>,
}

/// Who is fit and who is not; fails if anybody is not.
pub(super) async fn muster(daemon: &Daemon, printer: &Printer) -> Result<(), CommandError> {
    let status = daemon.client.call(Status {}).await?;
    let accounts = daemon.client.call(ListAccounts {}).await?;
    let of = |wanted: fn(&Fitness) -> bool| {
        accounts.iter().filter(|a| wanted(&a.fitness)).collect::<Vec<_>>()
    };
    let board = Board {
        next_run: status.next_run.as_ref(),
        fit: of(|f| matches!(f, Fitness::Fit)),
        unfit: of(|f| matches!(f, Fitness::Unfit { .. })),
        off: of(|f| matches!(f, Fitness::Off)),
    };
    if printer.is_json() {
        print::json("muster", &board)?;
    } else {
        print_board(&board, status.now, *printer)?;
    }
    if board.unfit.is_empty() {
        Ok(())
    } else {
        Err(CommandError::Unfit(format!("{} accounts are not fit", board.unfit.len())))
    }
}

fn print_board(board: &Board<'_>, now: Timestamp, _printer: Printer) -> Result<(), CommandError> {
    if let Some(next) = board.next_run {
        let left = text::countdown(next.at.since(now));
        print::line(format!(
            "{} {} at {}, in {left}",
            next.plan,
            next.mode.words(),
            next.at.day_clock()
        ))?;
    }
    let groups = [("NOT", &board.unfit), ("FIT", &board.fit), ("off", &board.off)];
    let rows: Vec<Vec<String>> = groups
        .into_iter()
        .flat_map(|(word, group)| group.iter().map(move |account| row(word, account)))
        .collect();
    print::table(&["", "USER", "BROKER", "WHY"], &rows)
}

fn row(word: &str, account: &AccountView) -> Vec<String> {
    let why = match &account.fitness {
        Fitness::Unfit { reasons } => reasons
            .iter()
            .map(muster_protocol::account::Unfit::words)
            .collect::<Vec<_>>()
            .join("; "),
        Fitness::Fit => String::new(),
        Fitness::Off if account.active => "auto-execute is off".to_owned(),
        Fitness::Off => "inactive".to_owned(),
    };
    vec![word.to_owned(), account.user.to_string(), account.broker.to_string(), why]
}
