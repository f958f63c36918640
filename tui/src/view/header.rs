//! The first two lines and the last: where the daemon is, how long until the run, what to press.

use ratatui::text::{Line, Span};

use muster_protocol::plan::Mode;
use muster_protocol::run::RunState;
use muster_protocol::status::VaultState;
use muster_protocol::time::{DAY, Timestamp};

use crate::app::keymap::{self, Need};
use crate::app::model::{Link, Model, Page};
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::paint::Pen;

/// A part of the first line; the higher its rank, the sooner it gives way.
struct Part {
    rank: u8,
    spans: Vec<Span<'static>>,
}

/// The first line: connection, address, clock, market, next run.
pub(super) fn status(model: &Model, pen: Pen, width: u16) -> Line<'static> {
    let mut parts = vec![
        Part { rank: 9, spans: vec![pen.text(Role::Title, "muster")] },
        Part { rank: 0, spans: connection(model, pen) },
    ];
    let mut add = |rank, role, words: String| {
        parts.push(Part { rank, spans: vec![pen.text(role, words)] });
    };
    if model.is_stale()
        && let Some(heard) = model.heard
    {
        add(1, Role::Warn, format!("data {} old", text::short(model.local.since(heard))));
    }
    if model.world.status.as_ref().is_some_and(|status| !status.halts.is_empty()) {
        add(1, Role::Loud, "HALTED".to_owned());
    }
    if let Some(words) = alarm(model) {
        add(1, Role::Loud, words);
    }
    if let Some(words) = other_version(model) {
        add(4, Role::Warn, words);
    }
    if model.world.skipped > 0 {
        add(4, Role::Warn, format!("{} skipped", text::grouped(model.world.skipped)));
    }
    if model.read_only() {
        add(4, Role::Warn, "READ-ONLY".to_owned());
    }
    let status = model.world.status.as_ref();
    if status.is_some_and(|status| status.vault == VaultState::Sealed) {
        // Only where it takes no room from what is as loud.
        let crowded = width < 60
            || status.is_some_and(|status| status.held.is_some() || !status.halts.is_empty());
        let may = model.rights() == Need::Operate;
        let opens = if may && !crowded { ": V opens it" } else { "" };
        add(1, Role::Loud, format!("VAULT SEALED{opens}"));
    }
    if status.is_some_and(|status| status.held.is_some()) {
        add(1, Role::Loud, "RUNS HELD".to_owned());
    }
    if let Some(egress) = status.and_then(|status| status.egress.first()) {
        add(5, Role::Plain, egress.address.clone());
    }
    if let Some(now) = model.now() {
        let day = now.day_clock();
        // What is loud takes the day's place before it takes the clock's.
        let short = width < 60 || (width < 100 && is_loud(model));
        add(3, Role::Plain, if short { now.clock() } else { day });
    }
    if let Some(status) = status {
        add(6, Role::Plain, status.market.words().to_owned());
        let next = next_run(model, width < 60);
        parts.push(Part { rank: 2, spans: vec![pen.text(next.0, next.1)] });
    }
    join(parts, pen, usize::from(width))
}

/// True when the first line has something to say that is not said on a good day.
fn is_loud(model: &Model) -> bool {
    let status = model.world.status.as_ref();
    let stopped = status.is_some_and(|status| {
        !status.halts.is_empty() || status.held.is_some() || status.vault == VaultState::Sealed
    });
    stopped || model.is_stale() || model.read_only() || alarm(model).is_some()
}

/// The daemon's version, where it is not this client's.
fn other_version(model: &Model) -> Option<String> {
    let build = &model.welcome.as_ref()?.build;
    let words = || format!("daemon {}", text::clip(&text::scrub(build), 12));
    (build != env!("CARGO_PKG_VERSION")).then(words)
}

/// What a person must know on every page: orders nobody knows the fate of, a run that did not happen.
fn alarm(model: &Model) -> Option<String> {
    let newest = model.world.plans.keys().filter_map(|plan| model.world.newest_run(plan));
    let newest: Vec<_> = newest.collect();
    let doubts: u32 = newest.iter().map(|run| run.counts.in_doubt).sum();
    let mut orders = newest.iter().flat_map(|run| model.world.intents_of(&run.id));
    let twice = orders.any(|intent| !intent.duplicates.is_empty());
    let today = model.now().map(Timestamp::date);
    let missed = newest
        .iter()
        .find(|run| matches!(run.state, RunState::Missed { .. }) && Some(run.id.date) == today);
    match (twice, doubts, missed) {
        (false, 0, None) => None,
        (false, 0, Some(run)) => Some(format!("{} MISSED", run.id.plan)),
        (false, n, _) => Some(format!("{n} IN DOUBT")),
        (true, 0, _) => Some("DUPLICATE".to_owned()),
        (true, n, _) => Some(format!("DUPLICATE, {n} IN DOUBT")),
    }
}

/// The tabs, and how many accounts are fit.
pub(super) fn tabs(model: &Model, pen: Pen, width: u16) -> Line<'static> {
    let width = usize::from(width);
    let mut spans = Vec::new();
    let room = width >= 60;
    for (number, page) in (1_u8..).zip(Page::ALL) {
        let current = page == model.page;
        let label =
            if room || current { format!("{number} {}", page.title()) } else { number.to_string() };
        spans.push(pen.text(Role::Plain, if room { " " } else { "" }));
        let role = if current { Role::Address } else { Role::Dim };
        spans.push(pen.text(role, if current { format!("{label} ") } else { label }));
        spans.push(pen.text(Role::Plain, " "));
    }
    let mut line = Line::from(spans);
    if let Some(status) = &model.world.status {
        let c = status.counts;
        let unfit = if c.unfit > 0 { Role::Bad } else { Role::Dim };
        let fit = pen.text(Role::Good, format!("{} fit ", c.fit));
        let not = pen.text(unfit, format!(" {} NOT ", c.unfit));
        let off = pen.text(Role::Dim, format!(" {} off ", c.off));
        // Who is not fit is said as long as there is room for anything.
        let ways = [vec![fit.clone(), not.clone(), off], vec![fit, not.clone()], vec![not]];
        let room = width.saturating_sub(line.width());
        let wide = |way: &Vec<Span<'static>>| way.iter().map(Span::width).sum::<usize>();
        if let Some(way) = ways.into_iter().find(|way| wide(way) < room) {
            let gap = room.saturating_sub(wide(&way));
            line.push_span(pen.text(Role::Plain, " ".repeat(gap)));
            line.extend(way);
        }
    }
    line
}

/// The last line: the most useful keys, help first; or a notice.
pub(super) fn footer(model: &Model, pen: Pen, width: u16) -> Line<'static> {
    let width = usize::from(width);
    let mut line = Line::default();
    let bindings = keymap::footer(model.stack(), model.rights());
    if let Some(notice) = &model.notice {
        let first = bindings.first().map(|b| key_words(b)).unwrap_or_default();
        let role = if notice.bad { Role::Bad } else { Role::Good };
        let mark = if notice.bad { Mark::Bad } else { Mark::Good };
        let room = width.saturating_sub(text::width(&first)).saturating_sub(8);
        line.push_span(pen.text(Role::Plain, format!(" {first}  ")));
        line.push_span(pen.mark(mark));
        line.push_span(pen.text(role, format!(" {}", text::clip(&notice.text, room))));
        return line;
    }
    for binding in bindings {
        let words = key_words(binding);
        if line.width().saturating_add(text::width(&words)).saturating_add(1) > width {
            break;
        }
        let (key, label) = words.split_once(' ').unwrap_or((&words, ""));
        line.push_span(pen.text(Role::Key, format!(" {key}")));
        line.push_span(pen.text(Role::Plain, format!(" {label} ")));
    }
    line
}

fn key_words(binding: &keymap::Binding) -> String {
    let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
    format!("{key} {}", binding.label)
}

fn connection(model: &Model, pen: Pen) -> Vec<Span<'static>> {
    let (mark, role, words) = match &model.link {
        Link::Live => (Mark::Good, Role::Good, "connected".to_owned()),
        Link::Connecting => (Mark::Busy, Role::Warn, "connecting".to_owned()),
        Link::Lost { lost, retry_at } => {
            let left = retry_at.since(model.local).max(0);
            let seconds = left.saturating_add(999) / 1000;
            let again = format!("in {seconds}s (try {})", lost.attempt);
            if lost.stopped {
                (Mark::Bad, Role::Bad, format!("daemon stopped, trying {again}"))
            } else {
                (Mark::Busy, Role::Warn, format!("reconnecting {again}"))
            }
        }
    };
    vec![pen.mark(mark), pen.text(role, format!(" {words}"))]
}

fn next_run(model: &Model, narrow: bool) -> (Role, String) {
    let next = model.world.status.as_ref().and_then(|status| status.next_run.as_ref());
    let (Some(next), Some(now)) = (next, model.now()) else {
        return (Role::Dim, "no run due".to_owned());
    };
    let left = next.at.since(now);
    let role = if left < 10 * muster_protocol::time::MINUTE { Role::Title } else { Role::Plain };
    let dry = if next.mode == Mode::DryRun { " dry" } else { "" };
    let at = when(next.at, now);
    let left = if left <= 0 { "now".to_owned() } else { format!("in {}", text::countdown(left)) };
    let words = if narrow {
        format!("{} {left}", next.plan)
    } else {
        format!("{}{dry} {at} {left}", next.plan)
    };
    (role, words)
}

/// A time of day, with its day where that is not today.
fn when(at: Timestamp, now: Timestamp) -> String {
    let clock = at.time_of_day();
    let day = at.day_clock();
    match at.date() {
        date if date == now.date() => clock.to_string(),
        _ if at.since(now) < 6 * DAY => format!("{} {clock}", text::clip_hard(&day, 3)),
        _ => format!("{} {clock}", text::clip_hard(&day, 10)),
    }
}

/// Joins what fits, the least important giving way first.
fn join(mut parts: Vec<Part>, pen: Pen, width: usize) -> Line<'static> {
    loop {
        let mut line = Line::from(pen.text(Role::Plain, " "));
        for (index, part) in parts.iter().enumerate() {
            let between = match (index, parts.first().map(|p| p.rank)) {
                (0, _) => "",
                (1, Some(9)) => " ",
                _ => " · ",
            };
            line.push_span(pen.text(Role::Dim, between));
            line.extend(part.spans.iter().cloned());
        }
        let last = parts.iter().enumerate().max_by_key(|(_, p)| p.rank).map(|(at, _)| at);
        match last {
            Some(at) if line.width() > width && parts.len() > 1 => drop(parts.remove(at)),
            _ => return line,
        }
    }
}
