//! Page 3: the plan, and the board before, during and after its run.

mod history;
mod live;

pub(crate) use live::{mark_of, order_words};

use ratatui::text::{Line, Span};

use muster_protocol::account::{AccountView, Fitness, SessionView};
use muster_protocol::check::OrderPermission;
use muster_protocol::plan::{Mode, PlanView};
use muster_protocol::run::RunView;

use crate::app::layout::Size;
use crate::app::model::Model;
use crate::app::screens::runs::{self, Board};
use crate::text;
use crate::theme::Role;
use crate::view::Content;
use crate::view::accounts::fitness_mark;
use crate::view::paint::{self, Pen};

/// The page.
pub(super) fn content(model: &Model, pen: Pen, body: Size) -> Content {
    let width = usize::from(body.width);
    if model.runs.history {
        return history::content(model, pen, body);
    }
    match runs::board(model) {
        Board::Nothing => nothing(model, pen, width),
        Board::Muster(plan, run) => muster(model, plan, run, pen, body),
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
    let words = format!("{} legs  {}", spec.legs.len(), legs.join(" · "));
    let most = if model.size.height < 15 { 1 } else { 3 };
    lines.extend(pen.wrapped(Role::Plain, &words, 1, width).into_iter().take(most));
    let frozen = match run {
        Some(_) => "frozen",
        None => "not frozen yet",
    };
    let hash: String = plan.hash.chars().take(8).collect();
    let words = format!("plan {hash} {frozen} · window to {}", spec.windows());
    lines.push(pen.line(Role::Dim, format!(" {words}")));
    if let Some(why) = &plan.no_fire_because {
        lines.extend(pen.wrapped(Role::Warn, &format!("will not fire: {why}"), 1, width));
    }
    if plan.mode == Mode::DryRun {
        let words = "dry-run: everything is done but the send. L goes live.";
        lines.push(pen.line(Role::Warn, text::clip(&format!(" {words}"), width)));
    }
    lines
}

fn muster(model: &Model, plan: &PlanView, run: Option<&RunView>, pen: Pen, body: Size) -> Content {
    let width = usize::from(body.width);
    let mut lines = plan_lines(model, plan, run, pen, width);
    let rows = runs::muster(model);
    let count = |wanted: fn(&Fitness) -> bool| rows.iter().filter(|a| wanted(&a.fitness)).count();
    let fit = count(|f| matches!(f, Fitness::Fit));
    let unfit = count(|f| matches!(f, Fitness::Unfit { .. }));
    let off = count(|f| matches!(f, Fitness::Off));
    let orders = fit.saturating_mul(plan.spec.legs.len());
    lines.push(Line::from(vec![
        pen.text(
            Role::Good,
            format!(" FIT {}, {}", text::count(fit, "account"), text::count(orders, "order")),
        ),
        pen.text(if unfit > 0 { Role::Bad } else { Role::Dim }, format!("     NOT {unfit}")),
        pen.text(Role::Dim, format!("     OFF {off}")),
    ]));
    let room = usize::from(body.height).saturating_sub(lines.len());
    let shown = rows.iter().skip(model.runs.scroll);
    let board = shown.flat_map(|account| muster_lines(model, account, pen, width)).take(room);
    lines.extend(board);
    Content { title: plan_title(model, plan, run), lines, link: None }
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

fn muster_lines(
    model: &Model,
    account: &AccountView,
    pen: Pen,
    width: usize,
) -> Vec<Line<'static>> {
    let mark = fitness_mark(&account.fitness);
    let mut line = Line::from(vec![
        pen.text(Role::Plain, if width < 60 { " " } else { "   " }),
        pen.mark(mark),
    ]);
    line.extend(who(account.user.as_str(), account.broker.short(), pen, width));
    let indent = line.width();
    let (role, words) = match &account.fitness {
        Fitness::Fit => (Role::Plain, fit_words(model, account)),
        Fitness::Unfit { reasons } => {
            let words: Vec<_> =
                reasons.iter().map(muster_protocol::account::Unfit::words).collect();
            (paint::role_of(mark), words.join("; "))
        }
        Fitness::Off if account.active => (Role::Dim, "off: auto-execute is off".to_owned()),
        Fitness::Off => (Role::Dim, "off: inactive".to_owned()),
    };
    let mut rows =
        text::wrap(&text::scrub(&words), width.saturating_sub(indent).max(8)).into_iter();
    line.push_span(pen.text(role, rows.next().unwrap_or_default()));
    let mut lines = vec![line];
    lines.extend(rows.map(|row| pen.line(role, format!("{}{row}", " ".repeat(indent)))));
    lines
}

/// User and broker in columns of their own; where it is narrow the user alone.
fn who(user: &str, broker: &str, pen: Pen, width: usize) -> Vec<Span<'static>> {
    let name = |room| pen.text(Role::Title, format!(" {} ", text::fit(user, room)));
    if width < 60 {
        return vec![name(9)];
    }
    vec![name(14), pen.text(Role::Dim, format!("{} ", text::fit(broker, 8)))]
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
