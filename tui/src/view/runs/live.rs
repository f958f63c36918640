//! The board of a run: progress while it fires, the outcome after it, what is in doubt above all.

use ratatui::text::Line;

use muster_protocol::plan::Ambiguity;
use muster_protocol::run::{IntentStatus, IntentView, RunState, RunView};

use crate::app::layout::Size;
use crate::app::model::Model;
use crate::app::screens::runs::{self, history};
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::paint::{self, Pen};
use crate::view::runs::order::{self, leg_words, mark_of};
use crate::view::{Content, chart};

/// The page.
pub(super) fn content(model: &Model, run: &RunView, pen: Pen, body: Size) -> Content {
    let width = usize::from(body.width);
    let mut lines: Vec<Line<'static>> = super::plans(model, pen).into_iter().collect();
    lines.extend(progress(model, run, pen, width));
    lines.extend(counts(run, pen, width));
    lines.extend(latency(model, run, pen, body));
    lines.extend(tally(run, pen, width));
    lines.extend(duplicates(model, run, pen, width));
    lines.extend(doubts(model, run, pen, width));
    if run.state == RunState::Firing {
        let words = " leaving this page does not stop the run · H halts it";
        lines.push(pen.line(Role::Dim, text::clip(words, width)));
    }
    let room = usize::from(body.height).saturating_sub(lines.len());
    // What went wrong is said whole where there is room for it, else in a line each.
    let board = Some(rows(model, run, pen, (width, true))).filter(|rows| rows.len() <= room);
    let board = board.unwrap_or_else(|| rows(model, run, pen, (width, false)));
    // Where what stands above leaves the board no room, all of it scrolls.
    let above =
        if lines.len().saturating_add(4) > usize::from(body.height) { 0 } else { lines.len() };
    lines.extend(board);
    let most = lines.len().saturating_sub(usize::from(body.height).max(above.saturating_add(1)));
    let scroll = model.runs.scroll.min(most);
    lines.drain(above..above.saturating_add(scroll));
    Content { title: title(model, run), lines, link: None }
}

fn title(model: &Model, run: &RunView) -> String {
    let state = match &run.state {
        RunState::Frozen => "FROZEN".to_owned(),
        RunState::Firing => "FIRING".to_owned(),
        RunState::Closed if run.counts.in_doubt > 0 => "closed, orders IN DOUBT".to_owned(),
        RunState::Closed => "closed".to_owned(),
        RunState::Missed { .. } => "MISSED".to_owned(),
    };
    let title = format!("{} · {} · {state}", run.id, run.mode.words());
    let Some(fired) = run.fired_at else { return title };
    let end = run.closed_at.or_else(|| model.now()).unwrap_or(fired);
    let tenths = end.since(fired).max(0) / 100;
    format!("{title} · {} + {}.{} s", fired.clock_millis(), tenths / 10, tenths % 10)
}

fn progress(model: &Model, run: &RunView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    if let RunState::Missed { reason } = &run.state {
        let words = format!("MISSED: {reason}. No order was sent.");
        return pen.wrapped(Role::Loud, &words, 1, width);
    }
    let total = run.counts.total();
    let open: u32 =
        IntentStatus::ALL.into_iter().filter(|s| !s.is_settled()).map(|s| run.counts.of(s)).sum();
    let settled = total.saturating_sub(open);
    let rate = run.fired_at.map(|fired| {
        let end = run.closed_at.or_else(|| model.now()).unwrap_or(fired);
        let millis = end.since(fired).max(1);
        i64::from(settled).saturating_mul(1000) / millis
    });
    let rate = rate.filter(|rate| *rate > 0).map(|r| format!("  {r} /s")).unwrap_or_default();
    let figures = format!(" {settled}/{total}{rate} ");
    let room = width.saturating_sub(text::width(&figures)).saturating_sub(3);
    let filled = room.saturating_mul(settled as usize).checked_div(total as usize).unwrap_or(0);
    vec![Line::from(vec![
        pen.text(Role::Good, format!(" {}", "█".repeat(filled))),
        pen.text(Role::Dim, "·".repeat(room.saturating_sub(filled))),
        pen.text(Role::Title, figures),
    ])]
}

fn counts(run: &RunView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let mut rows = vec![Line::from(pen.text(Role::Plain, " "))];
    for status in IntentStatus::ALL {
        let n = run.counts.of(status);
        if n == 0 && status != IntentStatus::InDoubt {
            continue;
        }
        let role = match status {
            _ if n == 0 => Role::Dim,
            IntentStatus::InDoubt => Role::Loud,
            _ => paint::role_of(mark_of(status)),
        };
        let span = pen.text(role, format!("{} {n}", status.words()));
        if rows.last().is_some_and(|row| row.width() + span.width() + 2 > width) {
            rows.push(Line::from(pen.text(Role::Plain, " ")));
        }
        if let Some(row) = rows.last_mut() {
            row.push_span(span);
            row.push_span(pen.text(Role::Plain, "  "));
        }
    }
    rows
}

/// How long the brokers took, drawn: in a row, or where there is room as high as it is telling.
fn latency(model: &Model, run: &RunView, pen: Pen, body: Size) -> Vec<Line<'static>> {
    let took = history::latencies(model, &run.id);
    let (Some(most), Some(p50), Some(p99)) =
        (took.last(), history::percentile(&took, 50), history::percentile(&took, 99))
    else {
        return Vec::new();
    };
    let figures = format!("p50 {p50}  p99 {p99}  most {most}");
    let late = history::late(run).map(|ms| format!("   trigger {ms:+} ms")).unwrap_or_default();
    if body.height < 30 || took.len() < MANY {
        return vec![Line::from(vec![
            pen.text(Role::Dim, " send ms  "),
            pen.text(Role::Plain, chart::distribution(&took, 12)),
            pen.text(Role::Dim, format!("  {figures}{late}")),
        ])];
    }
    let columns = usize::from(body.width).saturating_sub(6).min(72);
    let words = format!(" send ms  {figures}  over {} orders{late}", took.len());
    let mut lines = vec![pen.line(Role::Dim, words)];
    lines.extend(chart::histogram(&took, (columns, 4), pen));
    lines
}

/// From so many orders on, a distribution has a shape.
const MANY: usize = 12;

/// How our records agree with the brokers' books, once both were compared.
fn tally(run: &RunView, pen: Pen, width: usize) -> Option<Line<'static>> {
    let counts = run.tally?;
    let differs = counts.diff > 0 || counts.unknown > 0;
    let (mark, role) = if differs { (Mark::Bad, Role::Bad) } else { (Mark::Good, Role::Good) };
    let words = format!(" tally with the brokers' books: {}", counts.words());
    Some(Line::from(vec![
        pen.text(Role::Plain, " "),
        pen.mark(mark),
        pen.text(role, text::clip(&words, width.saturating_sub(6))),
    ]))
}

/// More orders at the broker than were meant: money, and nothing else is as urgent.
fn duplicates(model: &Model, run: &RunView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let twice = model.world.intents_of(&run.id).filter(|intent| !intent.duplicates.is_empty());
    twice
        .flat_map(|intent| {
            let numbers: Vec<_> = intent.duplicates.iter().map(ToString::to_string).collect();
            let words = format!(
                "DUPLICATE · {} · {} · {} is at the broker more than once: also #{}. Cancel or square off by hand.",
                intent.user,
                intent.broker.short(),
                leg_words(&intent.leg),
                numbers.join(", #")
            );
            pen.wrapped(Role::Loud, &words, 1, width)
        })
        .collect()
}

/// Every order nobody knows the fate of, in full: the most important lines of the client.
fn doubts(model: &Model, run: &RunView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for intent in model.world.intents_of(&run.id) {
        if intent.status != IntentStatus::InDoubt {
            continue;
        }
        let tag = intent.tag.as_ref().map(|tag| format!(" · tag {tag}")).unwrap_or_default();
        let head = format!(
            "IN DOUBT · {} · {} · {}{tag}",
            intent.user,
            intent.broker.short(),
            leg_words(&intent.leg)
        );
        lines.extend(pen.wrapped(Role::Loud, &head, 1, width));
        let sent = intent.sent_at.map(|at| format!("sent {}; no answer. ", at.clock_millis()));
        let looked = format!("looked up in the order book {}", text::count(intent.lookups, "time"));
        lines.extend(pen.wrapped(
            Role::Plain,
            &format!("{}{looked}", sent.unwrap_or_default()),
            3,
            width,
        ));
        if let Some(at) = intent.absent_since {
            let then = match run.ambiguity {
                Ambiguity::Hold => "it waits for your word",
                Ambiguity::ResendOnce => "it is sent once more, under another tag",
            };
            let words = format!("Not in the broker's book, proven since {}: {then}.", at.clock());
            lines.extend(pen.wrapped(Role::Title, &words, 3, width));
        }
        if let Some(failure) = &intent.failure {
            lines.extend(pen.wrapped(Role::Plain, &failure.action, 3, width));
        }
    }
    if !lines.is_empty() {
        let again = match run.ambiguity {
            Ambiguity::Hold => "it is never sent again by itself",
            Ambiguity::ResendOnce => {
                "it is sent again only once it is proven that the broker does not have it"
            }
        };
        let words = format!(
            "It is not known whether the broker has it, and {again}. When you have looked: F the broker has it · N it does not · S it does not, send it again"
        );
        lines.extend(pen.wrapped(Role::Title, &words, 3, width));
    }
    lines
}

/// A row for each account or each order, then who was left out; reasons whole, or cut to a line.
fn rows(
    model: &Model,
    run: &RunView,
    pen: Pen,
    (width, whole): (usize, bool),
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (_, mut intents) in runs::by_account(model, run) {
        if model.runs.orders {
            let all = intents.iter().map(|intent| (*intent, order::order_words(intent)));
            lines.extend(all.flat_map(|(i, words)| board_line(i, &words, pen, (width, whole))));
            continue;
        }
        intents.sort_by_key(|intent| runs::urgency(intent.status));
        let Some(worst) = intents.first() else { continue };
        let words = order::account_words(&intents, worst);
        lines.extend(board_line(worst, &words, pen, (width, whole)));
    }
    for out in &run.left_out {
        let words: Vec<_> =
            out.reasons.iter().map(muster_protocol::account::Unfit::words).collect();
        let words = format!("left out: {}", words.join("; "));
        let who = (Mark::Out, out.user.as_str(), out.broker.short());
        lines.extend(row(who, (Role::Dim, &words), pen, (width, whole)));
    }
    lines
}

fn board_line(
    intent: &IntentView,
    words: &str,
    pen: Pen,
    (width, whole): (usize, bool),
) -> Vec<Line<'static>> {
    let mark = mark_of(intent.status);
    let role = match (intent.status, mark) {
        (IntentStatus::InDoubt, _) => Role::Loud,
        (_, Mark::Bad) => Role::Bad,
        _ => Role::Plain,
    };
    let who = (mark, intent.user.as_str(), intent.broker.short());
    row(who, (role, words), pen, (width, whole && mark == Mark::Bad))
}

/// Who it is about, and words that are wrapped under themselves or cut.
fn row(
    (mark, user, broker): (Mark, &str, &str),
    (role, words): (Role, &str),
    pen: Pen,
    (width, whole): (usize, bool),
) -> Vec<Line<'static>> {
    let mut line = Line::from(vec![pen.text(Role::Plain, "   "), pen.mark(mark)]);
    line.extend(super::who(user, broker, pen, width));
    let indent = line.width();
    let room = width.saturating_sub(indent).max(8);
    let words = text::scrub(words);
    let rows = if whole { text::wrap(&words, room) } else { vec![text::clip(&words, room)] };
    let mut rows = rows.into_iter();
    line.push_span(pen.text(role, rows.next().unwrap_or_default()));
    let mut lines = vec![line];
    lines.extend(rows.map(|row| pen.line(role, format!("{}{row}", " ".repeat(indent)))));
    lines
}
