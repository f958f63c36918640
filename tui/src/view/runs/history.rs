//! The runs of a plan so far: outcome, how late, how long, how fast the brokers were.

use ratatui::text::Line;

use muster_protocol::plan::Mode;
use muster_protocol::run::{RunState, RunView};
use muster_protocol::time::TimeOfDay;

use crate::app::layout::{self, Size};
use crate::app::model::Model;
use crate::app::screens::runs::history;
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::paint::{self, Pen};
use crate::view::{Content, chart};

/// The page.
pub(super) fn content(model: &Model, pen: Pen, body: Size) -> Content {
    let runs = history::runs(model);
    let plan = model.runs.plan.as_ref().map(ToString::to_string).unwrap_or_default();
    let title = format!("{plan} · {}", text::count(runs.len(), "run"));
    let mut lines: Vec<Line<'static>> = super::plans(model, pen).into_iter().collect();
    if runs.is_empty() {
        lines.push(Line::default());
        let words = "no run yet; the first one will be here from the moment it is frozen";
        lines.extend(pen.wrapped(Role::Plain, words, 2, usize::from(body.width)));
        return Content { title, lines, link: None };
    }
    lines.extend(durations(&runs, pen));
    lines.push(pen.line(Role::Dim, head(body.width)));
    let room = usize::from(body.height).saturating_sub(lines.len());
    let at = runs.iter().position(|run| Some(&run.id) == model.runs.chosen.as_ref()).unwrap_or(0);
    let offset = layout::follow(0, at, runs.len(), room);
    for (place, run) in runs.iter().enumerate().skip(offset).take(room) {
        let line = row(model, run, place == at, pen, body.width);
        lines.push(if place == at { paint::select(line, body.width) } else { line });
    }
    Content { title, lines, link: None }
}

/// How long the runs took, oldest first.
fn durations(runs: &[&RunView], pen: Pen) -> Option<Line<'static>> {
    let took: Vec<u64> = runs.iter().rev().filter_map(|run| history::took(run)).collect();
    let (last, most) = (took.last()?, took.iter().max()?);
    let shown = took.get(took.len().saturating_sub(40)..).unwrap_or(&took);
    Some(Line::from(vec![
        pen.text(Role::Dim, " took "),
        pen.text(Role::Plain, chart::spark(shown)),
        pen.text(Role::Dim, format!("  last {}  most {}", tenths(*last), tenths(*most))),
    ]))
}

fn head(width: u16) -> String {
    let mut head = format!("  {}", text::fit("DAY", if is_narrow(width) { 7 } else { 11 }));
    if !is_narrow(width) {
        head.push_str(&text::fit("MODE", 8));
        for column in ["LATE", "TOOK", "P50", "P99"] {
            head.push_str(&text::right(column, 8));
        }
        head.push_str("  ");
    }
    format!("{head}OUTCOME")
}

const fn is_narrow(width: u16) -> bool {
    width < 70
}

fn row(model: &Model, run: &RunView, chosen: bool, pen: Pen, width: u16) -> Line<'static> {
    let day = run.id.date.at(TimeOfDay::hm(0, 0)).day_clock();
    let narrow = is_narrow(width);
    let day =
        if narrow { day.chars().skip(4).take(6).collect() } else { text::clip_hard(&day, 10) };
    let sign = if chosen { "> " } else { "  " };
    let mut line = Line::from(pen.text(Role::Plain, format!("{sign}{day} ")));
    if !narrow {
        let mode = if run.mode == Mode::Live { Role::Plain } else { Role::Dim };
        line.push_span(pen.text(mode, text::fit(run.mode.words(), 8)));
        let sorted = history::latencies(model, &run.id);
        let ms = |ms: Option<u32>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms}ms"));
        let cells = [
            history::late(run).map_or_else(|| "-".to_owned(), |ms| format!("{ms:+}ms")),
            history::took(run).map_or_else(|| "-".to_owned(), tenths),
            ms(history::percentile(&sorted, 50)),
            ms(history::percentile(&sorted, 99)),
        ];
        let cells: String = cells.iter().map(|cell| text::right(cell, 8)).collect();
        line.push_span(pen.text(Role::Plain, format!("{cells}  ")));
    }
    let (good, words) = history::outcome(run);
    let doubt = run.counts.in_doubt > 0;
    let mark = match (&run.state, good) {
        (RunState::Frozen | RunState::Firing, _) => Mark::Busy,
        (_, true) => Mark::Good,
        (_, false) => Mark::Bad,
    };
    line.push_span(pen.mark(mark));
    let room = usize::from(width).saturating_sub(line.width()).saturating_sub(1);
    let role = if doubt { Role::Loud } else { paint::role_of(mark) };
    line.push_span(pen.text(role, format!(" {}", text::clip(&words, room))));
    line
}

fn tenths(ms: u64) -> String {
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}
