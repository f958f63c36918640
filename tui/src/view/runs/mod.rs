//! Page 3: the plan, and the board before, during and after its run.

mod board;
mod gates;
mod history;
mod live;
mod order;

pub(crate) use order::{mark_of, order_words};

use ratatui::text::{Line, Span};

use muster_protocol::plan::{Mode, PlanSpec, PlanView, Takers};
use muster_protocol::run::RunView;

use crate::app::layout::Size;
use crate::app::model::Model;
use crate::app::screens::runs::{self, Board};
use crate::text;
use crate::theme::Role;
use crate::view::Content;
use crate::view::paint::Pen;

/// The page.
pub(super) fn content(model: &Model, pen: Pen, body: Size) -> Content {
    let width = usize::from(body.width);
    if model.runs.history {
        return history::content(model, pen, body);
    }
    match runs::board(model) {
        Board::Nothing => nothing(model, pen, width),
        Board::Muster(plan, run) => board::content(model, plan, run, pen, body),
        Board::Run(run) => live::content(model, run, pen, body),
    }
}

fn nothing(model: &Model, pen: Pen, width: usize) -> Content {
    let words = if model.world.status.is_some() {
        "no plan yet - write one and hand it over: muster plan put FILE.toml"
    } else {
        "the daemon has not answered yet"
    };
    let mut lines = vec![Line::default()];
    lines.extend(pen.wrapped(Role::Plain, words, 2, width));
    Content { title: "Runs".to_owned(), lines, link: None }
}

/// The plans in one line, the selected one marked; nothing if there is only one.
fn plans(model: &Model, pen: Pen) -> Option<Line<'static>> {
    if model.world.plans.len() < 2 {
        return None;
    }
    let mut spans = vec![pen.text(Role::Dim, " plans ")];
    for plan in model.world.plans.values() {
        let chosen = model.runs.plan.as_ref() == Some(&plan.spec.name);
        let role = if chosen { Role::Address } else { Role::Dim };
        spans.push(pen.text(role, format!(" {} ", plan.spec.name)));
    }
    Some(Line::from(spans))
}

/// Legs, hash and times of the plan.
fn plan_lines(
    model: &Model,
    plan: &PlanView,
    run: Option<&RunView>,
    pen: Pen,
    width: usize,
) -> Vec<Line<'static>> {
    let spec = &plan.spec;
    let mut lines: Vec<_> = plans(model, pen).into_iter().collect();
    let legs: Vec<_> = spec.legs.iter().map(muster_protocol::order::Leg::words).collect();
    let most = if model.size.height < 15 { 1 } else { 3 };
    if most == 1 {
        let words = format!(" {} {}", text::count(legs.len(), "leg"), legs.join(" · "));
        lines.push(pen.line(Role::Plain, text::clip(&words, width)));
    } else {
        lines.extend(leg_lines(&legs, pen, width).into_iter().take(most));
    }
    let frozen = match run {
        Some(_) => "frozen",
        None => "not frozen yet",
    };
    let hash: String = plan.hash.chars().take(8).collect();
    let words = format!("plan {hash} {frozen} · window to {}{}", spec.windows(), terms(spec));
    if most == 1 {
        lines.push(pen.line(Role::Dim, text::clip(&format!(" {words}"), width)));
    } else {
        lines.extend(pen.wrapped(Role::Dim, &words, 1, width).into_iter().take(most));
    }
    if let Some(why) = &plan.no_fire_because {
        lines.extend(pen.wrapped(Role::Warn, &format!("will not fire: {why}"), 1, width));
    }
    if plan.mode == Mode::DryRun {
        let words = "dry-run: everything is done but the send. L goes live.";
        lines.push(pen.line(Role::Warn, text::clip(&format!(" {words}"), width)));
    }
    lines
}

/// The legs, each whole on its row.
fn leg_lines(legs: &[String], pen: Pen, width: usize) -> Vec<Line<'static>> {
    let mut rows = vec![format!(" {} ", text::count(legs.len(), "leg"))];
    for leg in legs {
        let first = rows.last().is_some_and(|row| row.ends_with("leg ") || row.ends_with("legs "));
        let between = if first { " " } else { " · " };
        let fits =
            |row: &String| text::width(row) + text::width(between) + text::width(leg) <= width;
        match rows.last_mut().filter(|row| fits(row)) {
            Some(row) => {
                row.push_str(between);
                row.push_str(leg);
            }
            None => rows.push(format!("         {leg}")),
        }
    }
    rows.iter().map(|row| pen.line(Role::Plain, text::clip(row, width))).collect()
}

/// What a plan says beyond legs and time; nothing if it says nothing.
fn terms(spec: &PlanSpec) -> String {
    let mut words = String::new();
    if spec.accounts != Takers::All {
        words = format!(" · for {}", spec.accounts.words());
    }
    if spec.multiplier != 1 {
        words = format!("{words} · times {}", spec.multiplier);
    }
    let caps = spec.caps.words();
    if !caps.is_empty() {
        words = format!("{words} · at most {caps}");
    }
    if !spec.shares.is_empty() {
        words = format!("{words} · {}", text::count(spec.shares.len(), "exception"));
    }
    words
}

/// User and broker in columns of their own; where it is narrow the user alone.
fn who(user: &str, broker: &str, pen: Pen, width: usize) -> Vec<Span<'static>> {
    let name = |room| pen.text(Role::Title, format!(" {} ", text::fit(user, room)));
    if width < 60 {
        return vec![name(9)];
    }
    vec![name(14), pen.text(Role::Dim, format!("{} ", text::fit(broker, 8)))]
}
