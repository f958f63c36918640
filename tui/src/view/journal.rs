//! Page 4: the journal, built from the lowest row upwards so that only what is visible is formatted.

use ratatui::text::{Line, Span};

use muster_protocol::event::{JournalEntry, Level};
use muster_protocol::time::{TimeOfDay, Timestamp, TradingDate};

use crate::app::layout::Size;
use crate::app::model::Model;
use crate::app::screens::journal;
use crate::text;
use crate::theme::Role;
use crate::view::Content;
use crate::view::paint::Pen;

/// The page.
pub(super) fn content(model: &Model, pen: Pen, body: Size) -> Content {
    let height = usize::from(body.height);
    let width = usize::from(body.width);
    let mut lines: Vec<Line<'static>> = Vec::with_capacity(height);
    let mut below: Option<TradingDate> = None;
    for entry in journal::upwards(model) {
        let date = entry.at.date();
        if let Some(day) = below.filter(|day| *day != date) {
            lines.push(day_line(day, pen, body.width));
        }
        below = Some(date);
        let mut rows = entry_lines(model, entry, pen, width);
        rows.reverse();
        lines.extend(rows);
        if lines.len() >= height {
            break;
        }
    }
    // The oldest entries have their day above them, where there is room.
    lines.extend(below.map(|day| day_line(day, pen, body.width)));
    lines.truncate(height);
    lines.reverse();
    if lines.is_empty() {
        lines = nothing(model, pen, width);
    }
    Content { title: title(model), lines, link: None }
}

fn title(model: &Model) -> String {
    let screen = &model.journal;
    let mut parts = vec!["Journal".to_owned()];
    parts.push(match screen.held_at {
        None => "follow".to_owned(),
        Some(_) => format!("paused, {} new, f to follow", journal::unseen(model)),
    });
    // The day of the lowest entry shown: the rows have only times.
    parts.extend(journal::upwards(model).next().map(|entry| entry.at.date().words()));
    if !screen.filter.is_empty() {
        parts.push(screen.filter.clone());
    }
    if !screen.search.is_empty() {
        parts.push(format!("#{} n N", screen.search));
    }
    parts.extend(screen.words.problem.clone());
    parts.push(format!("{} entries", text::grouped(model.world.journal.len())));
    if model.world.fallen > 0 {
        parts.push(format!("{} older fell out", text::grouped(model.world.fallen)));
    }
    if model.world.skipped > 0 {
        parts.push(format!("{} skipped", text::grouped(model.world.skipped)));
    }
    parts.join(" · ")
}

fn nothing(model: &Model, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let words = match (model.world.journal.is_empty(), model.world.status.is_some()) {
        (true, false) => "loading…".to_owned(),
        (true, true) => "nothing has happened yet".to_owned(),
        (false, _) => format!(
            "0 of {} entries match {} - esc clears the filter",
            text::grouped(model.world.journal.len()),
            model.journal.filter
        ),
    };
    let mut lines = vec![Line::default()];
    lines.extend(pen.wrapped(Role::Plain, &words, 2, width));
    lines
}

/// A rule with the day of what stands below it.
fn day_line(day: TradingDate, pen: Pen, width: u16) -> Line<'static> {
    let words = text::clip_hard(&day.at(TimeOfDay::hm(0, 0)).day_clock(), 10);
    let bars = usize::from(width).saturating_sub(14);
    pen.line(Role::Dim, format!(" {words} {}", "─".repeat(bars)))
}

/// An entry where its account is known: the day if it is not today's, the time, the text.
pub(super) fn brief(
    entry: &JournalEntry,
    now: Option<Timestamp>,
    pen: Pen,
    width: usize,
) -> Line<'static> {
    let today = now.is_some_and(|now| now.date() == entry.at.date());
    let at = if today {
        entry.at.clock()
    } else {
        let day = entry.at.day_clock();
        format!("{} {}", text::clip_hard(&day, 10), entry.at.time_of_day())
    };
    let head = format!("   {at} ");
    let room = width.saturating_sub(text::width(&head));
    let words = text::clip(&text::scrub(&entry.text), room);
    Line::from(vec![pen.text(Role::Dim, head), pen.text(role_of(entry.level), words)])
}

const fn role_of(level: Level) -> Role {
    match level {
        Level::Info => Role::Plain,
        Level::Warn => Role::Warn,
        Level::Error => Role::Bad,
    }
}

fn entry_lines(model: &Model, entry: &JournalEntry, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let screen = &model.journal;
    let role = role_of(entry.level);
    let who = entry.user.as_ref().map(ToString::to_string);
    let who = who.or_else(|| entry.run.as_ref().map(|run| run.plan.to_string()));
    let narrow = width < 60;
    let at = if narrow { entry.at.clock() } else { entry.at.clock_millis() };
    let mut line = Line::from(vec![
        pen.text(Role::Key, if screen.found == Some(entry.seq) { ">" } else { " " }),
        pen.text(Role::Dim, format!("{at} ")),
        pen.text(role, text::fit(entry.level.words(), 6)),
        pen.text(Role::Title, text::fit(&who.unwrap_or_default(), if narrow { 9 } else { 12 })),
    ]);
    if !narrow {
        line.push_span(pen.text(Role::Dim, format!(" {}", text::fit(entry.area.words(), 8))));
    }
    line.push_span(pen.text(Role::Plain, " "));
    let indent = line.width();
    let words = text::scrub(&entry.text);
    let room = width.saturating_sub(indent).max(8);
    if !screen.wrap {
        line.extend(lit(&text::clip(&words, room), &screen.search, role, pen));
        return vec![line];
    }
    let mut rest = text::wrap(&words, room).into_iter();
    line.extend(lit(&rest.next().unwrap_or_default(), &screen.search, role, pen));
    let mut lines = vec![line];
    lines.extend(rest.map(|row| {
        let mut line = Line::from(pen.text(role, " ".repeat(indent)));
        line.extend(lit(&row, &screen.search, role, pen));
        line
    }));
    lines
}

/// The words, what is searched for standing out.
fn lit(words: &str, search: &str, role: Role, pen: Pen) -> Vec<Span<'static>> {
    let mut spans = Vec::new();
    let mut rest = words;
    let lower = |text: &str| text.to_ascii_lowercase();
    while !search.is_empty()
        && let Some(at) = lower(rest).find(&lower(search))
        && let Some((before, from)) = rest.split_at_checked(at)
        && let Some((found, after)) = from.split_at_checked(search.len())
    {
        spans.push(pen.text(role, before));
        spans.push(pen.text(Role::Match, found));
        rest = after;
    }
    spans.push(pen.text(role, rest));
    spans
}
