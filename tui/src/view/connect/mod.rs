//! Page 2: choosing a broker, the form, the test, the login.

mod form;

use ratatui::text::Line;

use muster_protocol::check::{CheckOutcome, CheckView};
use muster_protocol::order::Broker;
use muster_protocol::time::Timestamp;

use crate::app::layout::Size;
use crate::app::model::Model;
use crate::app::screens::connect::{self, Stage};
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::paint::{self, Pen};
use crate::view::{Content, check, qr};

/// The label of the login hyperlink.
const LABEL: &str = "Open on any device, log in, allow:";

/// The page.
pub(super) fn content(model: &Model, pen: Pen, body: Size) -> Content {
    match &model.connect.stage {
        Stage::Choose => choose(model, pen, body),
        Stage::Form => form::content(model, pen, body),
        Stage::Check { refusal, .. } => match (connect::check(model), refusal) {
            (Some(check), _) => progress(model, check, pen, body),
            (None, Some(refusal)) => refused(refusal, pen, body),
            (None, None) => Content {
                title: "Connect an account · 3/4".to_owned(),
                lines: vec![Line::default(), pen.line(Role::Plain, "  asking the daemon…")],
                link: None,
            },
        },
    }
}

fn choose(model: &Model, pen: Pen, body: Size) -> Content {
    let width = usize::from(body.width);
    let low = is_low(body);
    let between = |lines: &mut Vec<Line<'static>>| {
        if !low {
            lines.push(Line::default());
        }
    };
    let mut lines = Vec::new();
    between(&mut lines);
    lines.push(pen.line(Role::Plain, "  At which broker is the account?"));
    between(&mut lines);
    for (broker, second, words) in [
        (
            Broker::AngelOne,
            false,
            "API key, client ID, MPIN, TOTP secret; logs in by itself every day",
        ),
        (Broker::Zerodha, true, "API key and secret; a person logs in once a day through a link"),
    ] {
        let selected = model.connect.second_broker == second;
        let sign = if selected { ">" } else { " " };
        let line = pen.line(Role::Title, format!(" {sign} {}", broker.title()));
        lines.push(if selected { paint::select(line, body.width) } else { line });
        if low {
            lines.push(pen.line(Role::Dim, text::clip(&format!("     {words}"), width)));
        } else {
            lines.extend(pen.wrapped(Role::Dim, words, 5, width));
        }
    }
    between(&mut lines);
    if !low {
        let words = "The connection is tested before anything is stored. Have the broker's page open: this server's address must be registered there before orders are accepted.";
        lines.extend(pen.wrapped(Role::Plain, words, 2, width));
        lines.push(Line::default());
    }
    lines.extend(form::address(model, pen, width));
    Content { title: "Connect an account · 1/4".to_owned(), lines, link: None }
}

fn refused(refusal: &str, pen: Pen, body: Size) -> Content {
    let width = usize::from(body.width);
    let mut lines = vec![Line::default()];
    lines.extend(pen.field("Daemon says", (Role::Bad, refusal), width));
    lines.push(Line::default());
    let words = "Nothing has been stored. r tries again, b goes back to the form, esc leaves.";
    lines.extend(pen.wrapped(Role::Plain, words, 2, width));
    Content { title: "Connect an account · 3/4".to_owned(), lines, link: None }
}

fn progress(model: &Model, view: &CheckView, pen: Pen, body: Size) -> Content {
    let width = usize::from(body.width);
    let what = match (&view.outcome, view.broker) {
        (CheckOutcome::AwaitingLogin { .. }, _) => "Login",
        (CheckOutcome::Passed, _) => "Done:",
        _ => "Testing",
    };
    let step = if view.outcome == CheckOutcome::Passed { "4/4" } else { "3/4" };
    let title =
        format!("Connect an account · {step} {what} {} at {}", view.user, view.broker.title());
    if let CheckOutcome::AwaitingLogin { link, expires } = &view.outcome {
        let mut lines = waiting(model, (link, *expires), pen, body);
        lines.drain(..model.connect.scroll.min(lines.len()));
        return Content { title, lines, link: Some((LABEL.to_owned(), link.clone())) };
    }
    let steps = check::steps(view, model.now(), pen, width);
    let ending = ending(model, view, pen, width);
    // Where not everything fits, the end and its reason come before how it came about.
    let parts = if is_low(body) { [ending, steps] } else { [steps, ending] };
    let lines = parts.into_iter().flat_map(|part| std::iter::once(Line::default()).chain(part));
    let lines = lines.skip(usize::from(is_low(body))).skip(model.connect.scroll).collect();
    Content { title, lines, link: None }
}

/// True where a page cannot show everything at once.
const fn is_low(body: Size) -> bool {
    body.height < 15
}

fn ending(model: &Model, view: &CheckView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let after = |words: &str| pen.wrapped(Role::Plain, words, 2, width);
    match &view.outcome {
        CheckOutcome::Running | CheckOutcome::AwaitingLogin { .. } => {
            after("Nothing is stored yet. Esc gives up; then nothing of it remains.")
        }
        CheckOutcome::Passed => {
            let words = match view.saved_as {
                Some(id) => format!("All steps passed. Stored, sealed, as account {id}."),
                None => "All steps passed.".to_owned(),
            };
            let mut lines = vec![Line::from(vec![
                pen.text(Role::Plain, "  "),
                pen.mark(Mark::Good),
                pen.text(Role::Good, format!(" {words}")),
            ])];
            let on = view.saved_as.and_then(|id| model.world.accounts.get(&id));
            let next = if on.is_some_and(|account| account.auto_execute) {
                "It takes part in runs. Enter closes."
            } else {
                "It takes part in runs once auto-execute is on: a on Accounts. Enter closes."
            };
            lines.extend(after(if view.saved_as.is_some() { next } else { "Enter closes." }));
            lines
        }
        CheckOutcome::Failed { failure } => {
            let mut lines = check::explained(failure, pen, width);
            lines.push(Line::default());
            let words = if failure.kind.is_credential() {
                "Nothing has been stored. The broker rejected it: correct it (b) before you try again; brokers block an account after a few attempts."
            } else {
                "Nothing has been stored. It is stored when all steps pass. r tries again."
            };
            lines.extend(after(words));
            lines
        }
        CheckOutcome::Abandoned { reason } => {
            after(&format!("Given up: {reason}. Nothing has been stored. r tries again."))
        }
    }
}

/// The Zerodha login: the link as text, as hyperlink, as QR code; and what is being waited for.
fn waiting(
    model: &Model,
    (link, expires): (&str, Timestamp),
    pen: Pen,
    body: Size,
) -> Vec<Line<'static>> {
    let width = usize::from(body.width);
    if is_low(body) {
        let mut lines = link_words(model, (link, expires), pen, width);
        lines.extend(form::address(model, pen, width));
        return lines;
    }
    let mut lines = pen.wrapped(
        Role::Plain,
        "Login needs no registered address (OAuth). Orders do since 1 April 2026: in developers.kite.trade, Profile, IP Whitelist, add",
        1,
        width,
    );
    lines.extend(form::address(model, pen, width));
    lines.push(Line::default());
    let above = lines.len();
    let height = usize::from(body.height).saturating_sub(above);
    let code = qr::lines(link, (width.saturating_sub(34), height), pen);
    let beside = code.as_ref().and_then(|rows| rows.first()).map_or(0, |row| row.width() + 4);
    let words = link_words(model, (link, expires), pen, width.saturating_sub(beside));
    match code {
        None => {
            lines.extend(words);
            let hint = "v shows the link as a QR code on the whole screen";
            lines.push(pen.line(Role::Dim, format!(" {hint}")));
        }
        Some(code) => {
            let mut words = words.into_iter();
            for mut row in code {
                row.spans.insert(0, pen.text(Role::Plain, "  "));
                row.push_span(pen.text(Role::Plain, " "));
                row.extend(words.next().unwrap_or_default().spans);
                lines.push(row);
            }
            lines.extend(words);
        }
    }
    lines
}

fn link_words(
    model: &Model,
    (link, expires): (&str, Timestamp),
    pen: Pen,
    width: usize,
) -> Vec<Line<'static>> {
    let mut lines = vec![pen.line(Role::Title, format!(" {LABEL}"))];
    let rows = text::chunks(&text::scrub(link), width.saturating_sub(2));
    lines.extend(rows.iter().map(|row| pen.line(Role::Plain, format!(" {row}"))));
    let left = model.now().map_or(0, |now| expires.since(now));
    let left = if left > 0 {
        format!("link good for {} more", text::countdown(left))
    } else {
        "the link has run out: r makes a new one".to_owned()
    };
    lines.push(pen.line(Role::Dim, format!(" c copy · {left}")));
    lines.push(Line::default());
    let callback = model.world.status.as_ref().and_then(|status| status.callback.as_deref());
    let waits = match callback {
        Some(callback) => format!(" waiting for the redirect on {callback}"),
        None => " waiting for the address".to_owned(),
    };
    lines.push(Line::from(vec![
        pen.text(Role::Plain, " "),
        pen.mark(Mark::Busy),
        pen.text(Role::Warn, waits),
    ]));
    lines.extend(pen.wrapped(
        Role::Plain,
        "or p: paste the address your browser ended at",
        3,
        width,
    ));
    lines.extend(pen.wrapped(Role::Dim, "The session ends tomorrow at 06:00.", 3, width));
    lines
}
