//! The steps of a connection test, and a failure explained.

use ratatui::text::Line;

use muster_protocol::check::{CheckView, StepVerdict, StepView};
use muster_protocol::failure::Explained;

use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::paint::Pen;

/// The mark of a verdict.
pub(super) const fn mark_of(verdict: StepVerdict) -> Mark {
    match verdict {
        StepVerdict::Waiting => Mark::Off,
        StepVerdict::Running | StepVerdict::Unknown => Mark::Busy,
        StepVerdict::Passed => Mark::Good,
        StepVerdict::Failed => Mark::Bad,
    }
}

/// One line per step: mark, name, time, what was found.
pub(super) fn steps(check: &CheckView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    check.steps.iter().flat_map(|step| one(step, pen, width)).collect()
}

fn one(step: &StepView, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let took = match (step.took_ms, step.verdict) {
        (Some(ms), _) => format!("{ms} ms"),
        (None, StepVerdict::Running) => "…".to_owned(),
        (None, _) => String::new(),
    };
    let role = match step.verdict {
        StepVerdict::Failed => Role::Bad,
        StepVerdict::Unknown => Role::Warn,
        StepVerdict::Waiting => Role::Dim,
        StepVerdict::Running | StepVerdict::Passed => Role::Plain,
    };
    let detail = match step.verdict {
        StepVerdict::Unknown => format!("cannot tell: {}", step.detail),
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
