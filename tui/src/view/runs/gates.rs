//! One account at every gate: how it stands at each, what was found, how old that is.

use ratatui::text::Line;

use muster_protocol::account::Fitness;
use muster_protocol::muster::{GateVerdict, GateView, MusterBoard, MusterRow};
use muster_protocol::time::Timestamp;

use crate::app::layout::Size;
use crate::app::model::Model;
use crate::app::screens::runs::board::{self, Gates};
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::accounts::fitness_mark;
use crate::view::paint::{self, Pen};

/// The columns of a gate's name and of its age.
const NAME: usize = 16;
const AGE: usize = 8;

/// The chosen account's gates, as they fit; where not all do, the worst come first.
pub(super) fn lines(model: &Model, pen: Pen, body: Size) -> Vec<Line<'static>> {
    let width = usize::from(body.width);
    match board::gates(model) {
        Gates::Known(board, row) => known(model, (board, row), pen, body),
        Gates::Waiting => {
            let words = match (board::selected(model), model.is_stale()) {
                (None, _) => "nobody is chosen",
                (Some(_), true) => "the daemon is away: the gates are shown when it answers",
                (Some(_), false) => "asking the daemon about the gates…",
            };
            pen.wrapped(Role::Dim, words, 1, width)
        }
        Gates::Trouble(why) => pen.field("Gates", (Role::Bad, why), width),
    }
}

fn known(
    model: &Model,
    (board, row): (&MusterBoard, &MusterRow),
    pen: Pen,
    body: Size,
) -> Vec<Line<'static>> {
    let width = usize::from(body.width);
    let now = model.now().unwrap_or(board.now);
    let mut lines = vec![head(row, pen)];
    lines.push(pen.line(Role::Dim, text::clip(&beneath(board, now), width)));
    let mut gates: Vec<&GateView> = row.gates.iter().collect();
    if gates.len().saturating_add(lines.len()) > usize::from(body.height) {
        gates.sort_by_key(|gate| std::cmp::Reverse(urgency(gate.verdict)));
    }
    lines.extend(gates.into_iter().flat_map(|view| gate(view, now, pen, width)));
    lines
}

/// Who it is, and what follows from the gates.
fn head(row: &MusterRow, pen: Pen) -> Line<'static> {
    let mark = fitness_mark(&row.fitness);
    let words = match row.fitness {
        Fitness::Fit => " FIT",
        Fitness::Unfit { .. } => " NOT fit",
        Fitness::Off => " off: takes no part",
    };
    Line::from(vec![
        pen.text(Role::Title, format!(" {}", row.user)),
        pen.text(Role::Plain, format!(" · {} · ", row.broker.title())),
        pen.mark(mark),
        pen.text(paint::role_of(mark), words),
    ])
}

/// For which run, and how old the daemon's word is.
fn beneath(board: &MusterBoard, now: Timestamp) -> String {
    let run = match &board.run {
        Some(run) if run.at.date() == now.date() => {
            format!("for {} at {}", run.plan, run.at.clock())
        }
        Some(run) => format!("for {} at {}", run.plan, run.at.day_clock()),
        None => "no run within a day: what depends on one is not judged".to_owned(),
    };
    let called = match (board.checking, board.mustered) {
        (1.., _) => format!(" · {} under way", text::count(board.checking, "check")),
        (0, Some(at)) => format!(" · all were called {}", text::ago(now.since(at))),
        (0, None) => String::new(),
    };
    format!(" {run}{called}")
}

const fn urgency(verdict: GateVerdict) -> u8 {
    match verdict {
        GateVerdict::Failed => 3,
        GateVerdict::Warned => 2,
        GateVerdict::Unknown => 1,
        GateVerdict::Passed => 0,
    }
}

const fn mark_of(verdict: GateVerdict) -> Mark {
    match verdict {
        GateVerdict::Passed => Mark::Good,
        GateVerdict::Warned => Mark::Busy,
        GateVerdict::Unknown => Mark::Off,
        GateVerdict::Failed => Mark::Bad,
    }
}

const fn role_of(verdict: GateVerdict) -> Role {
    match verdict {
        GateVerdict::Passed => Role::Plain,
        GateVerdict::Warned => Role::Warn,
        GateVerdict::Unknown => Role::Dim,
        GateVerdict::Failed => Role::Bad,
    }
}

/// `● ok   reach  what was found   12s ago`; what is found at a gate that is not passed is never cut.
fn gate(view: &GateView, now: Timestamp, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let role = role_of(view.verdict);
    let age = view.known_at.map_or_else(|| "now".to_owned(), |at| text::ago(now.since(at)));
    let narrow = width < 60;
    let mut line = Line::from(vec![
        pen.text(Role::Plain, if narrow { " " } else { "   " }),
        pen.mark(mark_of(view.verdict)),
        pen.text(role, format!(" {}", text::fit(view.verdict.words(), 5))),
        pen.text(Role::Title, text::fit(view.gate.words(), NAME)),
        pen.text(Role::Plain, " "),
    ]);
    let indent = line.width();
    let age = text::right(&age, AGE);
    if narrow {
        line.push_span(pen.text(Role::Dim, age));
        let mut lines = vec![line];
        if view.verdict != GateVerdict::Passed {
            lines.extend(pen.wrapped(role, &view.detail, 3, width));
        }
        return lines;
    }
    let room = width.saturating_sub(indent).saturating_sub(AGE).saturating_sub(1).max(8);
    let detail = text::scrub(&view.detail);
    let mut rows = match view.verdict {
        GateVerdict::Passed => vec![text::clip(&detail, room)],
        _ => text::wrap(&detail, room),
    }
    .into_iter();
    line.push_span(pen.text(role, text::fit(&rows.next().unwrap_or_default(), room)));
    line.push_span(pen.text(Role::Dim, age));
    let mut lines = vec![line];
    lines.extend(rows.map(|row| pen.line(role, format!("{}{row}", " ".repeat(indent)))));
    lines
}
