//! Page 1: the table, with the details below or beside it.

use ratatui::text::{Line, Span};

use muster_protocol::account::{AccountStatus, AccountView, Fitness, SessionView};
use muster_protocol::check::OrderPermission;
use muster_protocol::run::IntentStatus;
use muster_protocol::time::Timestamp;

use crate::app::keymap::Need;
use crate::app::layout::{Size, Split};
use crate::app::model::{Link, Model};
use crate::app::screens::accounts;
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::paint::{self, Pen};
use crate::view::{Content, account, details};

/// A column: columns with a higher rank give way first.
struct Column {
    title: &'static str,
    width: usize,
    rank: u8,
    cell: fn(&Row<'_>, usize) -> Vec<Span<'static>>,
}

/// What a cell is made from.
struct Row<'a> {
    account: &'a AccountView,
    now: Option<Timestamp>,
    busy: bool,
    pen: Pen,
}

/// In the order they stand; user, broker and status never give way.
const COLUMNS: &[Column] = &[
    Column { title: "USER", width: 11, rank: 0, cell: user },
    Column { title: "BROKER", width: 7, rank: 0, cell: broker },
    Column { title: "STATUS", width: 15, rank: 0, cell: status },
    Column { title: "IP", width: 8, rank: 1, cell: permission },
    Column { title: "LAST OK", width: 7, rank: 2, cell: last_ok },
    Column { title: "SESSION", width: 7, rank: 3, cell: session },
    Column { title: "AUTO", width: 4, rank: 4, cell: auto },
    Column { title: "LAST RUN", width: 11, rank: 5, cell: last_run },
    Column { title: "LATENCY", width: 7, rank: 6, cell: latency },
    Column { title: "CLIENT", width: 9, rank: 7, cell: client },
    Column { title: "EGRESS", width: 8, rank: 8, cell: egress },
    Column { title: "NAME", width: 18, rank: 9, cell: holder },
];

/// The page.
pub(super) fn content(model: &Model, pen: Pen, body: Size, screen: Size) -> Content {
    let rows = accounts::rows(model);
    let title = title(model, rows.len());
    if rows.len() == 0 {
        return Content { title, lines: empty(model, pen, body.width), link: None };
    }
    let split = screen.split();
    if model.accounts.details {
        let lines = account::lines(model, pen, body);
        let at = accounts::place(model).map_or(0, |at| at.saturating_add(1));
        let title = format!("Account {at} of {}", rows.len());
        return Content { title, lines, link: None };
    }
    let list_width = match split {
        Split::Beside(columns) => body.width.saturating_sub(columns).saturating_sub(3),
        _ => body.width,
    };
    let window = usize::from(screen.account_rows());
    let mut lines = table(model, pen, list_width, window);
    match split {
        Split::One => {}
        Split::Below(_) => {
            lines.resize(window.saturating_add(1), Line::default());
            lines.push(paint::rule("", body.width, pen));
            lines.extend(details::lines(model, pen, usize::from(body.width)));
        }
        Split::Beside(columns) => {
            let beside = details::lines(model, pen, usize::from(columns));
            lines = paint::beside(lines, beside, (usize::from(body.height), list_width), pen);
        }
    }
    Content { title, lines, link: None }
}

fn title(model: &Model, shown: usize) -> String {
    let screen = &model.accounts;
    let all = model.world.accounts.len();
    let mut title = match screen.filter.as_str() {
        "" => text::count(all, "account"),
        filter => format!("{shown} of {all} match /{filter}"),
    };
    if !screen.marked.is_empty() {
        title = format!("{title} · {} marked", screen.marked.len());
    }
    if screen.sort != accounts::Sort::User || screen.turned {
        let turned = if screen.turned { ", turned" } else { "" };
        title = format!("{title} · {}{turned}", screen.sort.words());
    }
    if all == 0 { "Accounts".to_owned() } else { title }
}

fn empty(model: &Model, pen: Pen, width: u16) -> Vec<Line<'static>> {
    let words = match (&model.link, &model.world.status) {
        (Link::Connecting, None) => "connecting to the daemon…".to_owned(),
        (Link::Lost { lost, .. }, None) => {
            format!("{}. Is musterd running? systemctl status musterd", lost.reason)
        }
        (Link::Live, None) => "loading…".to_owned(),
        _ if model.world.accounts.is_empty() && model.rights() == Need::Look => {
            "no accounts yet".to_owned()
        }
        _ if model.world.accounts.is_empty() => {
            "no accounts yet - press c to connect the first".to_owned()
        }
        _ => format!(
            "0 of {} match /{} - esc clears the filter",
            model.world.accounts.len(),
            model.accounts.filter
        ),
    };
    let mut lines = vec![Line::default()];
    lines.extend(pen.wrapped(Role::Plain, &words, 2, usize::from(width)));
    lines
}

fn table(model: &Model, pen: Pen, list_width: u16, window: usize) -> Vec<Line<'static>> {
    let width = usize::from(list_width);
    let columns = fitting(width);
    let taken: usize = columns.iter().map(|c| c.width.saturating_add(1)).sum();
    // What is left goes to the user's name, and no further than a name can be long.
    let extra = width.saturating_sub(taken).saturating_sub(2).min(14);
    let wide = |column: &Column| {
        column.width.saturating_add(if column.title == "USER" { extra } else { 0 })
    };
    let mut head = Line::from(pen.text(Role::Plain, "  "));
    for column in &columns {
        let sorted = column.title == model.accounts.sort.column();
        let role = if sorted { Role::Title } else { Role::Dim };
        head.push_span(pen.text(role, text::fit(column.title, wide(column))));
        head.push_span(pen.text(Role::Plain, " "));
    }
    let mut lines = vec![head];
    let shown = accounts::rows(model).skip(model.accounts.offset).take(window);
    for account in shown.filter_map(|id| model.world.accounts.get(&id)) {
        let busy = model.pending.values().any(|pending| pending.rows.contains(&account.id));
        let row = Row { account, now: model.now(), busy, pen };
        let selected = model.accounts.selected == Some(account.id);
        let marked = model.accounts.marked.contains(&account.id);
        let sign = match (selected, marked) {
            (true, true) => ">*",
            (true, false) => "> ",
            (false, true) => " *",
            (false, false) => "  ",
        };
        let mut line = Line::from(pen.text(Role::Key, sign));
        for column in &columns {
            let cell = Line::from((column.cell)(&row, wide(column)));
            let missing = wide(column).saturating_add(1).saturating_sub(cell.width());
            line.extend(cell.spans);
            line.push_span(pen.text(Role::Plain, " ".repeat(missing)));
        }
        lines.push(if selected { paint::select(line, list_width) } else { line });
    }
    lines
}

/// The columns there is room for.
fn fitting(width: usize) -> Vec<&'static Column> {
    let mut columns: Vec<&Column> = COLUMNS.iter().collect();
    loop {
        let needed: usize = columns.iter().map(|c| c.width.saturating_add(1)).sum();
        let last = columns.iter().enumerate().max_by_key(|(_, c)| c.rank);
        match last {
            Some((at, column)) if needed.saturating_add(1) > width && column.rank > 0 => {
                columns.remove(at);
            }
            _ => return columns,
        }
    }
}

/// The mark that goes with an account's status.
pub(super) const fn mark_of(status: AccountStatus) -> Mark {
    match status {
        AccountStatus::Active => Mark::Good,
        AccountStatus::Inactive | AccountStatus::Untested => Mark::Off,
        AccountStatus::Testing | AccountStatus::LoginDue => Mark::Busy,
        AccountStatus::Failed(_) => Mark::Bad,
    }
}

/// How an account's last run went, in a few letters.
pub(super) fn last_run_words(account: &AccountView) -> (Mark, String) {
    match &account.last_run {
        None => (Mark::Out, String::new()),
        Some(run) => match run.counts {
            None => (Mark::Out, "left out".to_owned()),
            Some(counts) => {
                let good = counts.placed().saturating_add(counts.rehearsed);
                let total = counts.total();
                let words = format!("{good}/{total}");
                if counts.of(IntentStatus::InDoubt) > 0 {
                    (Mark::Bad, "IN DOUBT".to_owned())
                } else if good == total {
                    (Mark::Good, words)
                } else {
                    (Mark::Bad, words)
                }
            }
        },
    }
}

fn user(row: &Row<'_>, width: usize) -> Vec<Span<'static>> {
    vec![row.pen.text(Role::Plain, text::clip(row.account.user.as_str(), width))]
}

fn broker(row: &Row<'_>, _: usize) -> Vec<Span<'static>> {
    vec![row.pen.text(Role::Plain, row.account.broker.short())]
}

fn status(row: &Row<'_>, width: usize) -> Vec<Span<'static>> {
    let mark = if row.busy { Mark::Busy } else { mark_of(row.account.status) };
    let sign = row.pen.mark(mark);
    let room = width.saturating_sub(sign.width()).saturating_sub(1);
    let words = text::clip(row.account.status.words(), room);
    vec![sign, row.pen.text(paint::role_of(mark), format!(" {words}"))]
}

fn permission(row: &Row<'_>, _: usize) -> Vec<Span<'static>> {
    let role = match row.account.permission {
        OrderPermission::Allowed => Role::Good,
        OrderPermission::Refused { .. } | OrderPermission::NoIpRegistered => Role::Bad,
        OrderPermission::CannotTell { .. } => Role::Warn,
        OrderPermission::Untested => Role::Dim,
    };
    vec![row.pen.text(role, row.account.permission.words())]
}

fn last_ok(row: &Row<'_>, width: usize) -> Vec<Span<'static>> {
    let words = match (row.account.last_ok, row.now) {
        (Some(at), Some(now)) => text::ago(now.since(at)),
        _ => "never".to_owned(),
    };
    vec![row.pen.text(Role::Plain, text::right(&words, width))]
}

fn session(row: &Row<'_>, width: usize) -> Vec<Span<'static>> {
    let (role, words) = session_words(row.account, row.now);
    vec![row.pen.text(role, text::right(&words, width))]
}

fn session_words(account: &AccountView, now: Option<Timestamp>) -> (Role, String) {
    match (account.session, now) {
        (SessionView::Live { until, .. }, Some(now)) if until > now => {
            (Role::Plain, text::span(until.since(now)))
        }
        (SessionView::Live { .. } | SessionView::Ended { .. }, _) => {
            (Role::Warn, "ended".to_owned())
        }
        (SessionView::None, _) => (Role::Dim, "-".to_owned()),
    }
}

fn auto(row: &Row<'_>, _: usize) -> Vec<Span<'static>> {
    let on = row.account.auto_execute;
    let role = if on { Role::Plain } else { Role::Dim };
    vec![row.pen.text(role, if on { "on" } else { "off" })]
}

fn last_run(row: &Row<'_>, _: usize) -> Vec<Span<'static>> {
    let (mark, words) = last_run_words(row.account);
    let role = if words == "IN DOUBT" { Role::Loud } else { paint::role_of(mark) };
    vec![row.pen.mark(mark), row.pen.text(role, format!(" {words}"))]
}

fn latency(row: &Row<'_>, width: usize) -> Vec<Span<'static>> {
    let words = row.account.latency_ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms}ms"));
    vec![row.pen.text(Role::Plain, text::right(&words, width))]
}

fn client(row: &Row<'_>, width: usize) -> Vec<Span<'static>> {
    vec![row.pen.text(Role::Plain, text::clip(&row.account.client_id, width))]
}

fn egress(row: &Row<'_>, width: usize) -> Vec<Span<'static>> {
    vec![row.pen.text(Role::Dim, text::clip(row.account.egress.as_str(), width))]
}

fn holder(row: &Row<'_>, width: usize) -> Vec<Span<'static>> {
    vec![row.pen.text(Role::Dim, text::clip(&row.account.holder, width))]
}

/// Fit, unfit or off, as a mark.
pub(super) const fn fitness_mark(fitness: &Fitness) -> Mark {
    match fitness {
        Fitness::Fit => Mark::Good,
        Fitness::Unfit { .. } => Mark::Bad,
        Fitness::Off => Mark::Off,
    }
}
