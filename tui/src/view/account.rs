//! One account on a page of its own: what is wrong, the steps of its last test, the tests before it,
//! its orders, and its part of the journal.

use ratatui::text::{Line, Span};

use muster_protocol::account::{AccountView, PastCheck};
use muster_protocol::check::CheckStep;
use muster_protocol::failure::FailureKind;
use muster_protocol::time::Timestamp;

use crate::app::layout::Size;
use crate::app::model::Model;
use crate::app::screens::accounts;
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::paint::{self, Pen};
use crate::view::{check, details, journal, runs};

/// From this width on the page has two columns.
const TWO: u16 = 120;

/// The page, scrolled.
pub(super) fn lines(model: &Model, pen: Pen, body: Size) -> Vec<Line<'static>> {
    let Some(account) = accounts::selected(model) else { return Vec::new() };
    let two = body.width >= TWO;
    let width = if two { body.width / 2 } else { body.width };
    let room = usize::from(width);
    let mut left = details::trouble(account, pen, room);
    left.extend(means(account, pen, room));
    left.extend(steps(account, model.now(), pen, room));
    left.push(Line::default());
    left.extend(details::facts(account, model.now(), pen, room));
    let beside = usize::from(body.width).saturating_sub(room).saturating_sub(3);
    let right_room = if two { beside } else { room };
    let mut right = history(model, account, pen, right_room);
    right.extend(orders(model, account, pen, right_room));
    right.extend(entries(model, account, pen, (right_room, usize::from(body.height))));
    let all = if two {
        let height = left.len().max(right.len());
        paint::beside(left, right, (height, width), pen)
    } else {
        left.push(Line::default());
        left.into_iter().chain(right).collect()
    };
    let all: Vec<_> =
        std::iter::once(details::head(account, pen, usize::from(body.width))).chain(all).collect();
    let most = all.len().saturating_sub(usize::from(body.height));
    let scroll = model.accounts.scroll.min(most);
    all.into_iter().skip(scroll).collect()
}

fn means(account: &AccountView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    details::failure(account)
        .map_or_else(Vec::new, |why| pen.field("It means", (Role::Plain, &why.means), width))
}

fn steps(
    account: &AccountView,
    now: Option<Timestamp>,
    pen: Pen,
    width: usize,
) -> Vec<Line<'static>> {
    let Some(view) = &account.last_check else { return Vec::new() };
    let mut lines = vec![pen.line(Role::Dim, " Last test")];
    lines.extend(check::steps(view, now, pen, width));
    lines
}

/// One line for each test before, the newest first, with the time of each step where there is room.
fn history(model: &Model, account: &AccountView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let good = account.history.iter().filter(|past| past.failed.is_none()).count();
    let timed = width >= 86;
    let mut words = match account.history.len() {
        0 => " Tests  none yet".to_owned(),
        n => format!(" Tests  {good} of the last {n} passed"),
    };
    if timed && !account.history.is_empty() {
        words = text::fit(&words, 41);
        words.extend(CheckStep::ALL.map(|step| text::right(short(step), 7)));
        words.push_str("  ms");
    }
    let mut lines = vec![pen.line(Role::Dim, words)];
    for past in &account.history {
        let mark = if past.failed.is_some() { Mark::Bad } else { Mark::Good };
        let words = past.failed.map_or("passed", FailureKind::words);
        let mut line = Line::from(vec![
            pen.text(Role::Plain, format!("   {} ", past.at.day_clock())),
            pen.mark(mark),
            pen.text(paint::role_of(mark), format!(" {}", text::fit(words, 15))),
        ]);
        if timed {
            line.push_span(
                pen.text(Role::Plain, " ".repeat(41_usize.saturating_sub(line.width()))),
            );
            line.extend(times(past, pen));
        } else {
            let ago = model.now().map(|now| text::ago(now.since(past.at))).unwrap_or_default();
            line.push_span(pen.text(Role::Dim, ago));
        }
        lines.push(line);
    }
    lines
}

/// The times of a test's steps; the one it failed at is marked.
fn times(past: &PastCheck, pen: Pen) -> Vec<Span<'static>> {
    let last = past.took_ms.iter().rposition(Option::is_some);
    let cell = |(at, took): (usize, &Option<u32>)| {
        let role = if past.failed.is_some() && last == Some(at) { Role::Bad } else { Role::Dim };
        let words = took.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
        pen.text(role, text::right(&words, 7))
    };
    past.took_ms.iter().enumerate().map(cell).collect()
}

const fn short(step: CheckStep) -> &'static str {
    match step {
        CheckStep::Egress => "egress",
        CheckStep::Reach => "reach",
        CheckStep::Login => "log in",
        CheckStep::Profile => "prof.",
        CheckStep::Funds => "funds",
        CheckStep::OrderPermission => "orders",
    }
}

/// Its orders in the newest run it took part in.
fn orders(model: &Model, account: &AccountView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let Some(last) = &account.last_run else { return Vec::new() };
    let intents: Vec<_> =
        model.world.intents_of(&last.run).filter(|i| i.id.account == account.id).collect();
    if intents.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![pen.line(Role::Dim, format!(" Orders  {}", last.run))];
    for intent in intents {
        let mark = runs::mark_of(intent.status);
        let mut line = Line::from(vec![pen.text(Role::Plain, "   "), pen.mark(mark)]);
        let room = width.saturating_sub(line.width()).saturating_sub(1);
        let words = text::clip(&runs::order_words(intent), room);
        line.push_span(pen.text(paint::role_of(mark), format!(" {words}")));
        lines.push(line);
    }
    lines
}

/// What the journal has of this account, the newest last, as far as the page is high.
fn entries(
    model: &Model,
    account: &AccountView,
    pen: Pen,
    (width, height): (usize, usize),
) -> Vec<Line<'static>> {
    let of_account = model.world.journal.iter().rev().filter(|entry| {
        entry.account.map_or(entry.user.as_ref() == Some(&account.user), |id| id == account.id)
    });
    let mut lines: Vec<_> = of_account
        .take(height.saturating_sub(6).clamp(4, 24))
        .map(|entry| journal::brief(entry, model.now(), pen, width))
        .collect();
    let heading = if lines.is_empty() { " Journal  nothing yet" } else { " Journal" };
    lines.push(pen.line(Role::Dim, heading));
    lines.reverse();
    lines
}
