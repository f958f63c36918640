//! `muster status`.

use muster_protocol::account::offset_words;
use muster_protocol::house::BrokerHealth;
use muster_protocol::request::{House, Status};
use muster_protocol::status::{ClockView, EgressState, EgressView, Ntp, StatusView, VaultState};
use muster_protocol::time::Timestamp;

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
    print::line(format!("backup    {backup}"))?;
    house.brokers.iter().map(calls).try_for_each(print::line)
}

/// What the daemon's calls at a broker met within the last hour.
fn calls(of: &BrokerHealth) -> String {
    let faults: Vec<_> =
        of.faults.iter().map(|(kind, n)| format!("{n} {}", kind.words())).collect();
    let faults = if faults.is_empty() { "all served".to_owned() } else { faults.join(", ") };
    let answered = of
        .last_ok
        .map_or_else(|| "no answer yet".to_owned(), |at| format!("answered {}", at.clock()));
    let calls = text::count(of.calls, "call");
    format!("{:9} {calls} in the last hour, {faults}; {answered}", of.broker.short())
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
        format!("          {}", clock_words(&status.clock, now)),
        format!("vault     {vault}"),
        format!("next run  {next}"),
        format!("accounts  {} fit, {} NOT, {} off", c.fit, c.unfit, c.off),
    ];
    for missed in &status.missed {
        lines.push(format!("MISSED    {}: {}", missed.run, missed.reason));
    }
    if let Some(reason) = status.held {
        lines.push(format!("runs      {}", reason.words()));
    }
    for halt in &status.halts {
        lines.push(format!("HALTED    {}; nothing of it leaves", halt.words()));
    }
    if let Some(audit) = &status.audit {
        lines.push(audit.to_string().replacen(": ", "     ", 1));
    }
    for egress in &status.egress {
        let seen = seen(egress, now);
        let name = format!("{} {}", egress.name, egress.address);
        lines.push(format!("egress    {name}, {seen}, {} accounts", egress.accounts));
    }
    lines.push(match &status.calendar_warning {
        None => format!("calendar  until {}", status.calendar_until.words()),
        Some(warning) => format!("calendar  {warning}"),
    });
    lines
}

/// What is known of the machine's clock: its source, and the brokers' against it.
fn clock_words(clock: &ClockView, now: Timestamp) -> String {
    let mut words = vec![match clock.ntp {
        Ntp::Synchronised { .. } => "follows a time source".to_owned(),
        Ntp::Unsynchronised => "FOLLOWS NO TIME SOURCE".to_owned(),
        Ntp::Unknown => "nothing says that it follows a time source".to_owned(),
    }];
    for offset in &clock.offsets {
        let (broker, ago) = (offset.broker.short(), text::ago(now.since(offset.at)));
        words.push(format!("{} {broker} {ago}", offset_words(offset.offset_ms)));
    }
    if let Some(step) = clock.set {
        let way = if step.by_ms < 0 { "back" } else { "forward" };
        words.push(format!(
            "set {way} by {} s {}",
            step.by_ms.unsigned_abs() / 1_000,
            text::ago(now.since(step.at))
        ));
    }
    words.join(", ")
}

fn seen(egress: &EgressView, now: Timestamp) -> String {
    let seen = egress.observed.as_ref();
    let ago = seen.map(|seen| text::ago(now.since(seen.at))).unwrap_or_default();
    match egress.state {
        EgressState::Unobserved => "not observed yet".to_owned(),
        EgressState::AsRegistered => format!("observed {ago}"),
        EgressState::Stale => format!("STALE: last observed {ago}"),
        EgressState::Another => {
            format!(
                "BUT the world sees {}",
                seen.map(|seen| seen.address.as_str()).unwrap_or_default()
            )
        }
        EgressState::Gone => "GONE: nothing can leave by it".to_owned(),
    }
}
