//! The steps of a connection test, and a failure explained.

use ratatui::text::Line;

use muster_protocol::check::{CheckStep, CheckView, StepVerdict, StepView};
use muster_protocol::failure::Explained;
use muster_protocol::order::Broker;
use muster_protocol::time::{SECOND, Timestamp};

use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::paint::Pen;

/// The mark of a verdict.
pub(super) const fn mark_of(verdict: StepVerdict) -> Mark {
    match verdict {
        StepVerdict::Waiting | StepVerdict::Unknown => Mark::Off,
        StepVerdict::Running => Mark::Busy,
        StepVerdict::Passed => Mark::Good,
        StepVerdict::Failed => Mark::Bad,
    }
}

/// A login that takes longer than this waits for a code nobody has used.
const PATIENCE: i64 = 2 * SECOND;

/// One line per step: mark, name, time, what was found.
pub(super) fn steps(
    check: &CheckView,
    now: Option<Timestamp>,
    pen: Pen,
    width: usize,
) -> Vec<Line<'static>> {
    // A step is as old as the test without the steps before it.
    let before: i64 = check.steps.iter().filter_map(|step| step.took_ms).map(i64::from).sum();
    let age = now.map_or(0, |now| now.since(check.started).saturating_sub(before));
    let is_otp = check.broker == Broker::AngelOne;
    check.steps.iter().flat_map(|step| one(step, (age, is_otp), pen, width)).collect()
}

fn one(step: &StepView, (age, is_otp): (i64, bool), pen: Pen, width: usize) -> Vec<Line<'static>> {
    let took = match (step.took_ms, step.verdict) {
        (Some(ms), _) => format!("{ms} ms"),
        (None, StepVerdict::Running) if age >= SECOND => format!("{}…", text::short(age)),
        (None, StepVerdict::Running) => "…".to_owned(),
        (None, _) => String::new(),
    };
    let role = match step.verdict {
        StepVerdict::Failed => Role::Bad,
        StepVerdict::Unknown => Role::Warn,
        StepVerdict::Waiting => Role::Dim,
        StepVerdict::Running | StepVerdict::Passed => Role::Plain,
    };
    let waits = step.step == CheckStep::Login && is_otp && age >= PATIENCE;
    let detail = match step.verdict {
        // The daemon says by itself why it did not ask.
        StepVerdict::Unknown if !step.detail.starts_with("not asked") => {
            format!("cannot tell: {}", step.detail)
        }
        StepVerdict::Running if waits && step.detail.is_empty() => {
            "each one-time code is used once: the next may take half a minute".to_owned()
        }
        _ => step.detail.clone(),
    };
    let narrow = width < 60;
    let head = vec![
        pen.text(Role::Plain, if narrow { " " } else { "   " }),
        pen.mark(mark_of(step.verdict)),
        pen.text(role, format!(" {}", text::fit(step.step.words(), 17))),
        pen.text(Role::Dim, format!("{}   ", text::right(&took, 8))),
    ];
    let mut line = Line::from(head);
    let indent = line.width();
    if narrow {
        let whole = matches!(step.verdict, StepVerdict::Failed | StepVerdict::Unknown);
        if whole {
            let mut lines = vec![line];
            lines.extend(pen.wrapped(role, &detail, 3, width));
            return lines;
        }
        let room = width.saturating_sub(indent);
        line.push_span(pen.text(role, text::clip(&text::scrub(&detail), room)));
        return vec![line];
    }
    let mut rest =
        text::wrap(&text::scrub(&detail), width.saturating_sub(indent).max(8)).into_iter();
    line.push_span(pen.text(role, rest.next().unwrap_or_default()));
    let mut lines = vec![line];
    lines.extend(rest.map(|l| pen.line(role, format!("{}{l}", " ".repeat(indent)))));
    lines
}

/// Cause, the broker's words, what to do.
pub(super) fn explained(failure: &Explained, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(words) = &failure.broker_says {
        lines.extend(pen.field("Broker says", (Role::Bad, words), width));
    }
    lines.extend(pen.field("It means", (Role::Plain, &failure.means), width));
    lines.extend(pen.field("Do", (Role::Title, &failure.action), width));
    if let Some(ip) =
        failure.ip_seen.as_ref().filter(|ip| failure.ip_to_register.as_ref() != Some(ip))
    {
        lines.extend(pen.field("Broker saw", (Role::Plain, ip), width));
    }
    if let Some(ip) = &failure.ip_to_register {
        lines.push(Line::from(vec![
            pen.text(Role::Dim, text::fit(" Register", 14)),
            pen.text(Role::Address, format!(" {ip} ")),
            pen.text(Role::Dim, "  y copy"),
        ]));
    }
    lines
}
