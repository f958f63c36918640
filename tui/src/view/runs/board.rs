//! The muster board: who is fit for the run and who is not; one account's gates beside it, below it, or
//! on a page of their own.

use ratatui::text::Line;

use muster_protocol::account::{AccountView, Fitness, SessionView};
use muster_protocol::check::OrderPermission;
use muster_protocol::plan::PlanView;
use muster_protocol::run::RunView;
use muster_protocol::status::FitCounts;

use crate::app::layout::{self, Size, Split};
use crate::app::model::Model;
use crate::app::screens::runs::board;
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::Content;
use crate::view::accounts::fitness_mark;
use crate::view::paint::{self, Pen};
use crate::view::runs::{gates, plan_lines, who};

/// The page.
pub(super) fn content(
    model: &Model,
    plan: &PlanView,
    run: Option<&RunView>,
    pen: Pen,
    body: Size,
) -> Content {
    let rows = board::rows(model);
    if model.runs.board.gates {
        let at = board::place(model).saturating_add(1);
        let title = format!("{} · gates · account {at} of {}", plan.spec.name, rows.len());
        let lines = gates::lines(model, pen, body);
        return Content { title, lines: scrolled(model, lines, body), link: None };
    }
    let title = plan_title(model, plan, run);
    let list = |height, width| Size { width, height };
    let (height, width) = (body.height, body.width);
    let lines = match model.size.gates() {
        _ if rows.is_empty() => roll(model, plan, run, pen, body),
        Split::One => roll(model, plan, run, pen, body),
        Split::Below(below) => {
            let mut lines = roll(model, plan, run, pen, list(height.saturating_sub(below), width));
            lines.resize(usize::from(height.saturating_sub(below)), Line::default());
            lines.push(paint::rule("", width, pen));
            lines.extend(gates::lines(model, pen, list(below.saturating_sub(1), width)));
            lines
        }
        Split::Beside(columns) => {
            let left = width.saturating_sub(columns).saturating_sub(3);
            let lines = roll(model, plan, run, pen, list(height, left));
            let beside = gates::lines(model, pen, list(height, columns));
            paint::beside(lines, beside, (usize::from(height), left), pen)
        }
    };
    Content { title, lines, link: None }
}

fn scrolled(model: &Model, lines: Vec<Line<'static>>, body: Size) -> Vec<Line<'static>> {
    let most = lines.len().saturating_sub(usize::from(body.height));
    lines.into_iter().skip(model.runs.board.scroll.min(most)).collect()
}

/// The run that is frozen is what is counted down to; the plan's next time is already the one after.
fn plan_title(model: &Model, plan: &PlanView, run: Option<&RunView>) -> String {
    let when = match (run.map(|run| run.fire_at).or(plan.next_fire), model.now()) {
        (Some(at), Some(now)) if at > now => {
            let day = if at.date() == now.date() { at.clock() } else { at.day_clock() };
            format!("{day} in {}", text::countdown(at.since(now)))
        }
        (Some(at), _) => format!("{} due", at.clock()),
        (None, _) => "no next time".to_owned(),
    };
    format!("{} · {} · {when}", plan.spec.name, plan.mode.words())
}

/// The plan, the counts, and a line for each account.
fn roll(
    model: &Model,
    plan: &PlanView,
    run: Option<&RunView>,
    pen: Pen,
    body: Size,
) -> Vec<Line<'static>> {
    let mut lines = plan_lines(model, plan, run, pen, usize::from(body.width));
    lines.push(counts(model, plan, pen, body.width));
    if board::rows(model).is_empty() {
        let words =
            "no account takes part yet: 2 connects one, then a on Accounts lets it take part";
        lines.extend(pen.wrapped(Role::Plain, words, 1, usize::from(body.width)));
    }
    let room = usize::from(body.height).saturating_sub(lines.len());
    lines.extend(list(model, pen, body.width, room));
    lines
}

fn counts(model: &Model, plan: &PlanView, pen: Pen, width: u16) -> Line<'static> {
    let FitCounts { fit, unfit, off } = model.runs.board.counts;
    let legs = u32::try_from(plan.spec.legs.len()).unwrap_or(u32::MAX);
    let (accounts, orders) = (text::count(fit, "account"), fit.saturating_mul(legs));
    let known = fit.saturating_add(unfit).saturating_add(off);
    let all = u32::try_from(board::rows(model).len()).unwrap_or(u32::MAX);
    let asked = match all.saturating_sub(known) {
        0 => String::new(),
        unknown => format!("  asking about {unknown}…"),
    };
    let (whole, gap) = match width {
        ..60 => (format!(" FIT {fit}"), "  "),
        _ => (format!(" FIT {accounts}, {}", text::count(orders, "order")), "     "),
    };
    Line::from(vec![
        pen.text(Role::Good, whole),
        pen.text(if unfit > 0 { Role::Bad } else { Role::Dim }, format!("{gap}NOT {unfit}")),
        pen.text(Role::Dim, format!("{gap}OFF {off}{asked}")),
    ])
}

/// The accounts. Where all reasons fit, all are in full; else a line for each, and the chosen one's in
/// full.
fn list(model: &Model, pen: Pen, width: u16, room: usize) -> Vec<Line<'static>> {
    let rows = board::rows(model);
    let at = board::place(model);
    let views = |from: usize| rows.iter().enumerate().skip(from).take(room);
    let make = |(place, id): (usize, &muster_protocol::ids::AccountId), whole: bool| {
        let account = model.world.accounts.get(id)?;
        Some(row(model, account, (place == at, whole), pen, width))
    };
    if rows.len() <= room {
        let whole = model.size.height >= 15;
        let all: Vec<_> = views(0).filter_map(|row| make(row, whole)).flatten().collect();
        if all.len() <= room {
            return all;
        }
    }
    let chosen = rows.get(at).and_then(|id| make((at, id), true)).map_or(1, |lines| lines.len());
    let window = room.saturating_sub(chosen.saturating_sub(1)).max(1);
    let offset = layout::follow(model.runs.board.offset, at, rows.len(), window);
    let shown = views(offset).filter_map(|row| make(row, row.0 == at)).flatten();
    shown.take(room).collect()
}

/// One account; its reasons whole, or cut to a line.
fn row(
    model: &Model,
    account: &AccountView,
    (chosen, whole): (bool, bool),
    pen: Pen,
    width: u16,
) -> Vec<Line<'static>> {
    let columns = usize::from(width);
    let fitness = board::fitness(model, account);
    let mark = fitness.map_or(Mark::Busy, fitness_mark);
    let mut line = Line::from(vec![
        pen.text(Role::Key, if chosen { ">" } else { " " }),
        pen.text(Role::Plain, if columns < 60 { "" } else { "  " }),
        pen.mark(mark),
    ]);
    line.extend(who(account.user.as_str(), account.broker.short(), pen, columns));
    let indent = line.width();
    let (role, words) = match fitness {
        None => (Role::Dim, "asking the daemon…".to_owned()),
        Some(Fitness::Fit) => (Role::Plain, fit_words(model, account)),
        Some(Fitness::Unfit { reasons }) => {
            let words: Vec<_> =
                reasons.iter().map(muster_protocol::account::Unfit::words).collect();
            (paint::role_of(mark), words.join("; "))
        }
        Some(Fitness::Off) if !account.active => (Role::Dim, "off: inactive".to_owned()),
        Some(Fitness::Off) if account.auto_execute => {
            (Role::Dim, "off: not of this plan".to_owned())
        }
        Some(Fitness::Off) => (Role::Dim, "off: auto-execute is off".to_owned()),
    };
    let room = columns.saturating_sub(indent).max(8);
    let words = text::scrub(&words);
    let mut rows = if whole { text::wrap(&words, room) } else { vec![text::clip(&words, room)] };
    rows.truncate(6);
    let mut rows = rows.into_iter();
    line.push_span(pen.text(role, rows.next().unwrap_or_default()));
    let mut lines = vec![line];
    lines.extend(rows.map(|row| pen.line(role, format!("{}{row}", " ".repeat(indent)))));
    if chosen {
        lines = lines.into_iter().map(|line| paint::select(line, width)).collect();
    }
    lines
}

fn fit_words(model: &Model, account: &AccountView) -> String {
    let mut words = Vec::new();
    if let (SessionView::Live { until, .. }, Some(now)) = (account.session, model.now()) {
        words.push(format!("session {}", text::span(until.since(now))));
    }
    let at = account.permission_at.map(|at| format!(" {}", at.time_of_day())).unwrap_or_default();
    words.push(match &account.permission {
        OrderPermission::Allowed => {
            let short: String = at.chars().take(6).collect();
            format!("IP allowed{short}")
        }
        other => format!("IP {}", other.words()),
    });
    if let Some(ms) = account.latency_ms {
        words.push(format!("{ms} ms"));
    }
    words.join(" · ")
}
