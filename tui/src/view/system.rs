//! Page 5: the daemon itself.

use ratatui::text::Line;

use muster_protocol::status::{EgressView, StatusView, VaultState};
use muster_protocol::time::{DAY, TimeOfDay, Timestamp};

use crate::app::layout::Size;
use crate::app::model::Model;
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::Content;
use crate::view::paint::{self, Pen};

/// The page.
pub(super) fn content(model: &Model, pen: Pen, body: Size) -> Content {
    let width = usize::from(body.width);
    let title = "System".to_owned();
    let Some(status) = &model.world.status else {
        let lines = pen.wrapped(Role::Plain, "the daemon has not answered yet", 2, width);
        return Content { title, lines, link: None };
    };
    let now = model.now().unwrap_or(status.now);
    let mut lines = daemon(model, status, now, pen, width);
    lines.extend(vault(status, pen));
    for egress in &status.egress {
        lines.extend(egress_lines(egress, now, pen, width));
    }
    lines.extend(calendar(status, now, pen));
    let callback = status.callback.as_deref().unwrap_or("off: paste the redirected address with p");
    lines.extend(pen.field("callback", (Role::Plain, callback), width));
    let next = status.next_run.as_ref().map_or_else(
        || "none".to_owned(),
        |next| format!("{} at {}, {}", next.plan, next.at.day_clock(), next.mode.words()),
    );
    lines.extend(pen.field("next run", (Role::Plain, &next), width));
    let lines = lines.into_iter().skip(model.system_scroll).collect();
    Content { title, lines, link: None }
}

fn daemon(
    model: &Model,
    status: &StatusView,
    now: Timestamp,
    pen: Pen,
    width: usize,
) -> Vec<Line<'static>> {
    let ours = env!("CARGO_PKG_VERSION");
    let differs = if status.version == ours {
        String::new()
    } else {
        format!(" (this client is {ours}: update the older one)")
    };
    let words = format!(
        "{}{differs} up {} · since {}",
        status.version,
        text::span(now.since(status.started)),
        status.started.day_clock()
    );
    let role = if differs.is_empty() { Role::Plain } else { Role::Warn };
    let mut lines = pen.field("daemon", (role, &words), width);
    let role = model.welcome.as_ref().map(|welcome| match &welcome.role {
        muster_protocol::reply::Role::Operator => "operator: everything".to_owned(),
        muster_protocol::reply::Role::Viewer => "viewer: looks, changes nothing".to_owned(),
        muster_protocol::reply::Role::User { user } => format!("user {user}: own accounts only"),
    });
    if let Some(role) = role {
        lines.extend(pen.field("you are", (Role::Plain, &role), width));
    }
    let clock = format!("{} IST, by the daemon's clock", now.day_clock());
    lines.extend(pen.field("clock", (Role::Plain, &clock), width));
    lines
}

fn vault(status: &StatusView, pen: Pen) -> Vec<Line<'static>> {
    let (mark, role, words) = match status.vault {
        VaultState::Open => (Mark::Good, Role::Good, " open"),
        VaultState::Sealed => {
            (Mark::Bad, Role::Loud, " SEALED: no account can log in and no run happens; V opens it")
        }
    };
    let label = pen.text(Role::Dim, text::fit(" vault", 14));
    vec![Line::from(vec![label, pen.mark(mark), pen.text(role, words)])]
}

fn egress_lines(egress: &EgressView, now: Timestamp, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let label = text::fit(&format!(" egress {}", egress.name), 14);
    let mut spans = vec![
        pen.text(Role::Dim, label),
        pen.text(Role::Title, egress.address.clone()),
        pen.text(Role::Plain, " "),
    ];
    let (mark, words) = match &egress.observed {
        None => (Mark::Off, "not observed yet".to_owned()),
        Some(seen) if seen.address == egress.address => {
            (Mark::Good, format!("observed {}", text::ago(now.since(seen.at))))
        }
        Some(seen) => {
            let ago = text::ago(now.since(seen.at));
            (Mark::Bad, format!("but the world sees {} ({ago})", seen.address))
        }
    };
    spans.push(pen.mark(mark));
    let people = format!(" {words} · {}", text::count(egress.accounts, "account"));
    spans.push(pen.text(paint::role_of(mark), people));
    let mut lines = vec![Line::from(spans)];
    if !egress.shared_at.is_empty() {
        let names: Vec<_> = egress.shared_at.iter().map(|broker| broker.title()).collect();
        let words = format!(
            "several people share it at {}: allowed for a family, else only through an empanelled provider",
            names.join(" and ")
        );
        lines.extend(pen.wrapped(Role::Warn, &words, 14, width));
    }
    lines
}

fn calendar(status: &StatusView, now: Timestamp, pen: Pen) -> Vec<Line<'static>> {
    let left = status.calendar_until.at(TimeOfDay::hm(0, 0)).since(now);
    let (mark, words) = match left {
        ..0 => (Mark::Bad, "has run out: no run will fire"),
        ms if ms < 30 * DAY => (Mark::Busy, "ends soon: update the holiday data"),
        _ => (Mark::Good, "holidays known"),
    };
    let until = status.calendar_until.words();
    vec![Line::from(vec![
        pen.text(Role::Dim, text::fit(" calendar", 14)),
        pen.mark(mark),
        pen.text(paint::role_of(mark), format!(" {words}, until {until}")),
    ])]
}
