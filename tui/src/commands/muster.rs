//! `muster muster`: the board before the next run. Scripts read its exit code.

use std::time::Duration;

use muster_protocol::account::Fitness;
use muster_protocol::ids::PlanId;
use muster_protocol::muster::{Gate, GateVerdict, GateView, MusterBoard, MusterRow};
use muster_protocol::request::{CallMuster, Muster, Subscribe};
use muster_protocol::time::Timestamp;

use super::{CommandError, Daemon, print, print::Printer};
use crate::cli::MusterArgs;
use crate::text;

/// How long a muster that is called may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// The screen a board must fit on, and the columns of a gate's line.
const WIDTH: usize = 80;
const GATE: usize = 17;
const AGE: usize = 8;
const DETAIL: usize = WIDTH - 7 - GATE - AGE - 2;

/// Shows the board; fails if somebody is not fit, and otherwise if nobody is.
pub(super) async fn muster(
    daemon: &mut Daemon,
    args: MusterArgs,
    printer: &Printer,
) -> Result<(), CommandError> {
    if args.now {
        let called = call(daemon, args.plan.as_ref());
        tokio::time::timeout(PATIENCE, called).await.map_err(|_| {
            CommandError::TimedOut(format!("the muster is not over after {} s", PATIENCE.as_secs()))
        })??;
    }
    let board = daemon.client.call(Muster { plan: args.plan, account: None, brief: false }).await?;
    if printer.is_json() {
        print::json("muster", &board)?;
    } else {
        for line in lines(&board, args.gates) {
            print::line(line)?;
        }
    }
    verdict(&board)
}

/// Calls everybody, and waits until the last check is over.
async fn call(daemon: &mut Daemon, plan: Option<&PlanId>) -> Result<(), CommandError> {
    daemon.client.call(Subscribe { journal_tail: 0 }).await?;
    daemon.client.call(CallMuster {}).await?;
    while daemon.client.call(board_of(plan)).await?.checking > 0 {
        if daemon.feed.recv().await.is_none() {
            return Err(CommandError::NoDaemon("the connection was lost".to_owned()));
        }
        // What changed together is looked at once.
        while daemon.feed.try_recv().is_ok() {}
    }
    Ok(())
}

/// Asks how far the checks are; who is fit is asked for at the end.
fn board_of(plan: Option<&PlanId>) -> Muster {
    Muster { plan: plan.cloned(), account: None, brief: true }
}

/// All fit: done. Some not: another code than if none is, or nothing happens at all.
fn verdict(board: &MusterBoard) -> Result<(), CommandError> {
    let counts = board.counts;
    if let Some(reason) = board.held {
        return Err(CommandError::NoneFit(reason.words().to_owned()));
    }
    match (counts.fit, counts.unfit) {
        (0, 0) => Err(CommandError::NoneFit("no account takes part".to_owned())),
        (_, 0) => Ok(()),
        (0, unfit) => Err(CommandError::NoneFit(format!("none of {unfit} accounts is fit"))),
        (fit, unfit) => {
            let all = fit.saturating_add(unfit);
            Err(CommandError::Unfit(format!("{unfit} of {all} accounts are not fit")))
        }
    }
}

/// The board as text: who is not fit first, each gate that does not pass on a line of its own.
fn lines(board: &MusterBoard, every_gate: bool) -> Vec<String> {
    let mut lines = head(board);
    let rank = |row: &MusterRow| match row.fitness {
        Fitness::Unfit { .. } => 0,
        Fitness::Fit => 1,
        Fitness::Off => 2,
    };
    let mut rows: Vec<&MusterRow> = board.rows.iter().collect();
    rows.sort_by_key(|row| rank(row));
    for row in rows {
        lines.push(title(row));
        let shown = row.gates.iter().filter(|gate| every_gate || is_worth_a_line(row, gate));
        lines.extend(shown.flat_map(|gate| gate_lines(gate, board.now)));
    }
    lines
}

fn head(board: &MusterBoard) -> Vec<String> {
    let now = board.now;
    let mut lines = vec![match &board.run {
        None => "no run is due within a day".to_owned(),
        Some(run) => {
            let left = text::countdown(run.at.since(now));
            let frozen = if run.frozen { ", frozen" } else { "" };
            let mode = run.mode.words();
            format!("{} {mode} at {}, in {left}{frozen}", run.plan, run.at.day_clock())
        }
    }];
    if let Some(reason) = board.held {
        lines.extend(text::wrap(reason.words(), WIDTH));
    }
    let called = board.mustered.map_or_else(
        || "nobody was called yet".to_owned(),
        |at| format!("all were called {}", text::ago(now.since(at))),
    );
    let next = board.next_muster.map(|at| format!("; next at {}", at.day_clock()));
    let checking = match board.checking {
        0 => String::new(),
        n => format!("; {n} checks under way"),
    };
    lines.push(format!("{called}{}{checking}", next.unwrap_or_default()));
    let counts = board.counts;
    lines.push(format!("{} fit, {} NOT, {} off", counts.fit, counts.unfit, counts.off));
    lines
}

fn title(row: &MusterRow) -> String {
    let word = match row.fitness {
        Fitness::Unfit { .. } => "NOT",
        Fitness::Fit => "FIT",
        Fitness::Off => "off",
    };
    text::clip(&format!("{word}  {} {} {}", row.user, row.broker, row.client_id), WIDTH)
}

/// Of somebody who is fit, what is worth a look; of somebody who is off, nothing.
fn is_worth_a_line(row: &MusterRow, gate: &GateView) -> bool {
    match (&row.fitness, gate.verdict) {
        (_, GateVerdict::Failed) => gate.gate != Gate::Active,
        (Fitness::Unfit { .. }, GateVerdict::Unknown | GateVerdict::Warned) => true,
        (Fitness::Unfit { .. }, GateVerdict::Passed) | (Fitness::Fit | Fitness::Off, _) => false,
    }
}

fn gate_lines(gate: &GateView, now: Timestamp) -> Vec<String> {
    let sign = gate.verdict.words();
    let age = gate.known_at.map(|at| text::ago(now.since(at))).unwrap_or_default();
    let mut detail = text::wrap(&gate.detail, DETAIL).into_iter();
    let first = text::fit(&detail.next().unwrap_or_default(), DETAIL);
    let name = text::fit(gate.gate.words(), GATE);
    let mut lines = vec![format!("  {sign:>4} {name} {first} {age:>AGE$}")];
    let indent = " ".repeat(8 + GATE);
    lines.extend(detail.map(|more| format!("{indent}{more}")));
    lines
}

#[cfg(test)]
mod tests {
    use muster_protocol::account::Unfit;
    use muster_protocol::ids::AccountId;
    use muster_protocol::muster::MusterRun;
    use muster_protocol::order::Broker;
    use muster_protocol::plan::Mode;
    use muster_protocol::status::{FitCounts, HoldReason};

    use super::*;

    fn at(clock: &str) -> Timestamp {
        format!("2026-11-23T{clock}+05:30").parse().unwrap()
    }

    fn row(number: u32, fitness: Fitness) -> MusterRow {
        let failed = matches!(fitness, Fitness::Unfit { .. });
        let gates = Gate::ALL.into_iter().map(|gate| {
            let bad = failed && gate == Gate::OrderPermission;
            let long = "order permission refused, broker saw 198.51.100.4, which nobody registered";
            GateView {
                gate,
                verdict: if bad { GateVerdict::Failed } else { GateVerdict::Passed },
                known_at: Some(at("14:58:00")),
                detail: if bad { long } else { "fine" }.to_owned(),
            }
        });
        MusterRow {
            account: AccountId(number),
            user: format!("long.name-{number}").parse().unwrap(),
            broker: Broker::Zerodha,
            client_id: "XX0001".to_owned(),
            fitness,
            gates: gates.collect(),
        }
    }

    fn board(fit: u32, unfit: u32) -> MusterBoard {
        let reasons = || Fitness::Unfit { reasons: vec![Unfit::LoginDue] };
        let rows = (0..fit).map(|n| row(n, Fitness::Fit));
        let rows = rows.chain((0..unfit).map(|n| row(100 + n, reasons())));
        MusterBoard {
            now: at("15:00:00"),
            run: Some(MusterRun {
                plan: "btst".parse().unwrap(),
                at: at("15:10:00"),
                window_until: at("15:14:00"),
                mode: Mode::Live,
                hash: "9f86d081".to_owned(),
                frozen: false,
            }),
            held: None,
            mustered: Some(at("15:00:00")),
            next_muster: Some(at("15:05:00")),
            checking: 0,
            counts: FitCounts { fit, unfit, off: 0 },
            rows: rows.collect(),
        }
    }

    #[test]
    fn the_exit_code_tells_all_some_and_none() {
        assert!(verdict(&board(2, 0)).is_ok());
        assert!(matches!(verdict(&board(1, 1)), Err(CommandError::Unfit(_))));
        assert!(matches!(verdict(&board(0, 1)), Err(CommandError::NoneFit(_))));
        // Whoever is warned by the exit code is warned of a run nobody takes part in.
        assert!(matches!(verdict(&board(0, 0)), Err(CommandError::NoneFit(_))));
        let held = MusterBoard { held: Some(HoldReason::ClockSet), ..board(2, 0) };
        assert!(matches!(verdict(&held), Err(CommandError::NoneFit(_))));
    }

    #[test]
    fn the_board_fits_eighty_columns_and_says_who_is_not_fit_first() {
        let short = lines(&board(2, 1), false);
        for line in short.iter().chain(&lines(&board(2, 1), true)) {
            assert!(text::width(line) <= WIDTH, "{}: {line}", text::width(line));
        }
        insta::assert_snapshot!(short.join("\n"));
    }
}
