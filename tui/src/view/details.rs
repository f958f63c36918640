//! One account in full: what is wrong, what to do, the steps of its last check, its history.

use ratatui::text::{Line, Span};

use muster_protocol::account::{AccountView, Fitness, SessionView};
use muster_protocol::check::CheckOutcome;
use muster_protocol::failure::Explained;
use muster_protocol::run::IntentStatus;
use muster_protocol::time::Timestamp;

use crate::app::model::Model;
use crate::app::screens::accounts;
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::accounts::{label_words, last_run_words, mark_of};
use crate::view::check;
use crate::view::paint::{self, Pen};

/// The selected account's details, the most important first.
pub(super) fn lines(model: &Model, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let Some(account) = accounts::selected(model) else { return Vec::new() };
    let now = model.now();
    let mut lines = vec![head(account, pen, width)];
    lines.extend(trouble(account, pen, width));
    if let Some(check) = &account.last_check {
        lines.extend(steps(check, pen, width));
    }
    lines.extend(history(account, now, pen, width));
    if let Some(failure) = failure(account) {
        lines.extend(pen.field("It means", (Role::Plain, &failure.means), width));
    }
    lines.extend(facts(account, now, pen, width));
    lines
}

/// Who, where and how it stands.
pub(super) fn head(account: &AccountView, pen: Pen, width: usize) -> Line<'static> {
    let mark = mark_of(account.status);
    let mut spans = vec![
        pen.text(Role::Title, format!(" {}", account.user)),
        pen.text(Role::Plain, format!(" · {} · ", account.broker.title())),
        pen.mark(mark),
        pen.text(paint::role_of(mark), format!(" {}", account.status.words())),
    ];
    if let Some(at) = account.last_check.as_ref().map(|check| check.started)
        && width >= 60
    {
        spans.push(pen.text(Role::Dim, format!(" · tested {}", at.day_clock())));
    }
    Line::from(spans)
}

/// What is wrong with it, and what to do.
pub(super) fn trouble(account: &AccountView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    if let Some(failure) = failure(account) {
        let says = failure.broker_says.as_deref().unwrap_or(failure.kind.words());
        let mut lines = pen.field("Broker says", (Role::Bad, says), width);
        lines.extend(pen.field("Do", (Role::Title, &failure.action), width));
        return lines;
    }
    match &account.fitness {
        Fitness::Unfit { reasons } => {
            let words: Vec<_> =
                reasons.iter().map(muster_protocol::account::Unfit::words).collect();
            pen.field("Not fit", (Role::Bad, &words.join("; ")), width)
        }
        Fitness::Off => {
            let why = if account.active { "auto-execute is off (a)" } else { "inactive (A)" };
            pen.field("Left out", (Role::Plain, why), width)
        }
        Fitness::Fit => Vec::new(),
    }
}

/// Why the last check failed.
pub(super) fn failure(account: &AccountView) -> Option<&Explained> {
    match &account.last_check.as_ref()?.outcome {
        CheckOutcome::Failed { failure } => Some(failure),
        _ => None,
    }
}

fn steps(view: &muster_protocol::check::CheckView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let mut rows = vec![vec![pen.text(Role::Dim, text::fit(" Steps", 14))]];
    let mut used = 14;
    for step in &view.steps {
        let mark = check::mark_of(step.verdict);
        let took = step.took_ms.map(|ms| format!(" {ms}ms")).unwrap_or_default();
        let sign = pen.mark(mark);
        let name = pen.text(Role::Plain, format!("{} ", step.step.words()));
        let took = pen.text(Role::Dim, format!("{took}  "));
        let needed = sign.width().saturating_add(name.width()).saturating_add(took.width());
        if used + needed > width.saturating_add(2) && used > 14 {
            rows.push(vec![pen.text(Role::Dim, " ".repeat(14))]);
            used = 14;
        }
        used += needed;
        if let Some(row) = rows.last_mut() {
            row.extend([name, sign, took]);
        }
    }
    rows.into_iter().map(Line::from).collect()
}

fn history(
    account: &AccountView,
    now: Option<Timestamp>,
    pen: Pen,
    width: usize,
) -> Vec<Line<'static>> {
    let mut spans: Vec<Span<'static>> = vec![pen.text(Role::Dim, text::fit(" History", 14))];
    for past in &account.history {
        let mark = if past.failed.is_some() { Mark::Bad } else { Mark::Good };
        let at = match now {
            Some(now) if now.date() == past.at.date() => past.at.clock(),
            _ => past.at.day_clock().chars().take(10).collect(),
        };
        let words = past.failed.map(|kind| format!(" {}", kind.words())).unwrap_or_default();
        let entry = [
            pen.text(Role::Plain, format!("{at} ")),
            pen.mark(mark),
            pen.text(Role::Dim, format!("{words}  ")),
        ];
        let so_far: usize = spans.iter().map(Span::width).sum();
        if so_far + entry.iter().map(Span::width).sum::<usize>() > width {
            break;
        }
        spans.extend(entry);
    }
    if spans.len() == 1 {
        spans.push(pen.text(Role::Dim, "none"));
    }
    vec![Line::from(spans)]
}

/// What is known of it, line by line.
pub(super) fn facts(
    account: &AccountView,
    now: Option<Timestamp>,
    pen: Pen,
    width: usize,
) -> Vec<Line<'static>> {
    let ago = |at: Timestamp| {
        now.map(|now| format!(" ({})", text::ago(now.since(at)))).unwrap_or_default()
    };
    let session = match account.session {
        SessionView::None => "none".to_owned(),
        SessionView::Live { since, until } => {
            format!("since {}, until {}", since.day_clock(), until.day_clock())
        }
        SessionView::Ended { at } => format!("ended {}", at.day_clock()),
    };
    let verdict = account.permission.words();
    let verdict = match account.permission_at {
        Some(at) => format!("{verdict}, found {}{}", at.day_clock(), ago(at)),
        None => verdict.to_owned(),
    };
    let last_ok = account
        .last_ok
        .map_or_else(|| "never".to_owned(), |at| format!("{}{}", at.day_clock(), ago(at)));
    let (_, run) = last_run_words(account);
    let run = match &account.last_run {
        Some(last) => format!("{} {run}", last.run),
        None => "none yet".to_owned(),
    };
    let doubt = account.last_run.as_ref().and_then(|last| last.counts);
    let doubt = doubt.is_some_and(|counts| counts.of(IntentStatus::InDoubt) > 0);
    let client = format!("{} {} · account {}", account.client_id, account.holder, account.id);
    let stored = format!("{}{}", account.connected_at.day_clock(), ago(account.connected_at));
    let mut lines = Vec::new();
    for (label, role, value) in [
        ("Last OK", Role::Plain, last_ok),
        ("Session", Role::Plain, session),
        ("Orders", Role::Plain, verdict),
        ("Last run", if doubt { Role::Loud } else { Role::Plain }, run),
        ("Client", Role::Plain, client),
        ("Egress", Role::Plain, account.egress.to_string()),
        ("Labels", Role::Plain, label_words(account)),
        ("Credential", Role::Plain, format!("stored {stored}")),
    ] {
        if !value.is_empty() {
            lines.extend(pen.field(label, (role, &value), width));
        }
    }
    lines
}
