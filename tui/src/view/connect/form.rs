//! The form: the warning, the address to register, the numbered steps, the fields.

use ratatui::text::{Line, Span};

use muster_protocol::order::Broker;

use crate::app::field::TextField;
use crate::app::form::{FieldName, SecretField};
use crate::app::layout::Size;
use crate::app::model::Model;
use crate::app::screens::connect::Form;
use crate::glyph::Mark;
use crate::text;
use crate::theme::Role;
use crate::view::Content;
use crate::view::paint::Pen;

/// What a secret looks like however long it is.
const MASK: &str = "••••••••";

/// The form, scrolled so that the focus is in view.
pub(super) fn content(model: &Model, pen: Pen, body: Size) -> Content {
    let form = &model.connect.form;
    let width = usize::from(body.width);
    let height = usize::from(body.height);
    let (mut lines, mut focus) = whole(model, pen, width, true);
    // Who has been told what is wrong has read the steps.
    if lines.len() > height && !form.problems.is_empty() {
        (lines, focus) = whole(model, pen, width, false);
    }
    let most = lines.len().saturating_sub(height);
    let auto = focus.saturating_sub(height).min(most);
    let scroll = i64::try_from(auto).unwrap_or(0).saturating_add(i64::from(form.scroll));
    let scroll = usize::try_from(scroll).unwrap_or(0).min(most);
    let verb = if form.replaces.is_some() { "Enter anew" } else { "Connect an account" };
    let title = format!("{verb} · 2/4 {}", form.broker.title());
    let url = form.broker.dashboard().0.to_owned();
    let link = Some((url.clone(), url));
    Content { title, lines: lines.into_iter().skip(scroll).collect(), link }
}

/// Guide and fields, and where the focus ends.
fn whole(model: &Model, pen: Pen, width: usize, steps: bool) -> (Vec<Line<'static>>, usize) {
    let form = &model.connect.form;
    let mut lines = guide(model, pen, width, steps);
    let mut focus = 0;
    for field in FieldName::of(form.broker).iter().filter(|field| **field != FieldName::Guide) {
        lines.push(row(model, *field, pen, width));
        if let Some(problem) = form.problems.get(field).filter(|_| !form.is_blank(*field)) {
            lines.extend(problem_lines(problem, pen, width));
        }
        if *field == form.focus {
            focus = lines.len();
        }
    }
    (lines, focus)
}

/// The address alone on its line, and what is known of it.
pub(super) fn address(model: &Model, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let Some(egress) = model.connect.egress(model) else {
        return vec![
            pen.line(Role::Warn, "     the address is not known until the daemon answers"),
        ];
    };
    let observed = match (&egress.observed, model.now()) {
        (Some(seen), Some(now)) if seen.address == egress.address => {
            format!(
                "the world saw it {} from egress {}",
                text::ago(now.since(seen.at)),
                egress.name
            )
        }
        (Some(seen), _) => {
            format!("BUT the world sees {} from egress {}", seen.address, egress.name)
        }
        (None, _) => format!("not observed yet from egress {}", egress.name),
    };
    let typing = matches!(model.connect.form.focus, FieldName::Guide)
        || model.connect.stage != crate::app::screens::connect::Stage::Form;
    let key = if typing { "y" } else { "ctrl-y" };
    vec![
        Line::from(vec![
            pen.text(Role::Plain, "     "),
            pen.text(Role::Address, format!(" {} ", egress.address)),
        ]),
        pen.line(Role::Dim, text::clip(&format!("     {key} copy · {observed}"), width)),
    ]
}

fn guide(model: &Model, pen: Pen, width: usize, all: bool) -> Vec<Line<'static>> {
    let form = &model.connect.form;
    let (heading, words, steps): (_, _, [String; 3]) = match form.broker {
        Broker::AngelOne => (
            "WARNING: IP WHITELISTING REQUIRED",
            "Angel One accepts orders only from registered addresses. Without it every order fails, although login works. Register this one (one change a week):",
            [
                "Create an app; enter the address above as Primary Static IP; save",
                "Enable TOTP at https://smartapi.angelone.in/enable-totp and keep its secret",
                "Fill in; the connection is tested before anything is stored",
            ]
            .map(str::to_owned),
        ),
        Broker::Zerodha => (
            "WARNING: IP WHITELISTING REQUIRED FOR ORDERS",
            "Login goes through Zerodha's own page (OAuth) and needs no registered address. Orders do since 1 April 2026. Register this one under Profile, IP Whitelist:",
            [
                format!("Create a Connect app; its redirect URL: {}", redirect_url(model)),
                "Profile, IP Whitelist: add the address above; save".to_owned(),
                "Fill in, then log in through the link; it is asked for again each day".to_owned(),
            ],
        ),
    };
    let mut lines = boxed(heading, words, address(model, pen, width.saturating_sub(4)), pen, width);
    let url = form.broker.dashboard().0;
    let focused = form.focus == FieldName::Guide;
    let (sign, key) = if focused { (">", "o copy the link") } else { (" ", "") };
    let open = format!("{sign}1 Open  {url}");
    if text::width(&open) > width {
        // The link is there in full at any width.
        lines.push(pen.line(Role::Plain, format!("{sign}1 Open    {key}")));
        let rows = text::chunks(url, width.saturating_sub(4));
        lines.extend(rows.iter().map(|row| pen.line(Role::Plain, format!("   {row}"))));
    } else {
        let gap = width.saturating_sub(text::width(&open)).saturating_sub(text::width(key));
        lines.push(Line::from(vec![
            pen.text(Role::Plain, open),
            pen.text(Role::Dim, format!("{}{key}", " ".repeat(gap.min(8)))),
        ]));
    }
    for (number, step) in (2..).zip(&steps).filter(|_| all) {
        let rows = text::wrap(step, width.saturating_sub(4));
        for (index, row) in rows.iter().enumerate() {
            let head = if index == 0 { format!(" {number} ") } else { "   ".to_owned() };
            lines.push(pen.line(Role::Plain, format!("{head}{row}")));
        }
    }
    lines
}

/// Where the broker's page is to send the browser back to.
fn redirect_url(model: &Model) -> String {
    let callback = model.world.status.as_ref().and_then(|status| status.callback.as_deref());
    callback.map_or_else(
        || "any page; its address is pasted here".to_owned(),
        |callback| format!("http://{}", text::scrub(callback)),
    )
}

/// A double frame round words and lines.
fn boxed(
    heading: &str,
    words: &str,
    inside: Vec<Line<'static>>,
    pen: Pen,
    width: usize,
) -> Vec<Line<'static>> {
    let inner = width.saturating_sub(4);
    let top = text::clip(&format!(" {heading} "), inner);
    let bars = inner.saturating_sub(text::width(&top));
    let mut lines = vec![Line::from(vec![
        pen.text(Role::Warn, " ╔"),
        pen.text(Role::Loud, top),
        pen.text(Role::Warn, format!("{}╗", "═".repeat(bars))),
    ])];
    let mut rows = pen.wrapped(Role::Plain, words, 1, inner.saturating_sub(1));
    rows.extend(inside);
    for row in rows {
        let gap = inner.saturating_sub(row.width());
        let mut spans: Vec<Span<'static>> = vec![pen.text(Role::Warn, " ║")];
        spans.extend(row.spans);
        spans.push(pen.text(Role::Warn, format!("{}║", " ".repeat(gap))));
        lines.push(Line::from(spans));
    }
    lines.push(pen.line(Role::Warn, format!(" ╚{}╝", "═".repeat(inner))));
    lines
}

/// One field: its label, what is typed, and behind it the hint or, where nothing is typed, what is
/// missing.
fn row(model: &Model, field: FieldName, pen: Pen, width: usize) -> Line<'static> {
    let form = &model.connect.form;
    let focused = form.focus == field;
    let sign = if focused { ">" } else { " " };
    let role = if focused { Role::Title } else { Role::Plain };
    let label = text::fit(field.label(), 14);
    let mut line = Line::from(pen.text(role, format!(" {sign} {label}")));
    let room = width.saturating_sub(line.width());
    match field {
        FieldName::User => line.extend(plain(&form.user, focused, pen, room)),
        FieldName::ClientId => line.extend(plain(&form.client_id, focused, pen, room)),
        FieldName::Secret(secret) => line.extend(hidden(form, secret, pen)),
        FieldName::Egress => egress(&mut line, model, pen),
        FieldName::Guide => {}
    }
    let behind = match field {
        FieldName::Secret(secret) if form.facts(secret).typed > 0 => {
            Some((Role::Dim, format!("{} typed", form.facts(secret).typed)))
        }
        FieldName::Egress | FieldName::Guide => None,
        FieldName::User if form.own => Some((Role::Dim, "your own".to_owned())),
        _ if form.is_blank(field) && form.problems.contains_key(&field) => {
            let missing = Mark::Bad.sign(pen.ascii);
            Some((Role::Bad, format!("{missing} missing: {}", field.hint(form.broker))))
        }
        _ if form.is_blank(field) => Some((Role::Dim, field.hint(form.broker).to_owned())),
        _ => None,
    };
    if let Some((role, words)) = behind {
        let room = width.saturating_sub(line.width()).saturating_sub(2);
        line.push_span(pen.text(role, format!("  {}", text::clip(&words, room))));
    }
    line
}

fn plain(field: &TextField, focused: bool, pen: Pen, room: usize) -> Vec<Span<'static>> {
    if focused {
        return pen.typed(field.halves(), room).into_iter().collect();
    }
    vec![pen.text(Role::Plain, text::clip(field.text(), room))]
}

fn hidden(form: &Form, secret: SecretField, pen: Pen) -> Vec<Span<'static>> {
    let mask = if form.facts(secret).typed > 0 { MASK } else { "" };
    let mut spans = vec![pen.text(Role::Plain, mask)];
    if form.focus == FieldName::Secret(secret) {
        spans.push(pen.text(Role::Cursor, " "));
    }
    spans
}

fn egress(line: &mut Line<'static>, model: &Model, pen: Pen) {
    let Some(egress) = model.connect.egress(model) else {
        line.push_span(pen.text(Role::Dim, "not known yet"));
        return;
    };
    line.push_span(pen.text(Role::Plain, format!("{} {}", egress.name, egress.address)));
    let shared = egress.shared_at.contains(&model.connect.form.broker);
    let words = match (egress.accounts, shared) {
        (0, _) => " · nobody else uses it".to_owned(),
        (n, true) => format!(" · {}; several people at this broker", text::count(n, "account")),
        (n, false) => format!(" · {} there", text::count(n, "account")),
    };
    line.push_span(pen.text(if shared { Role::Warn } else { Role::Dim }, words));
}

fn problem_lines(problem: &str, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let rows = text::wrap(problem, width.saturating_sub(20).max(8));
    let mut lines = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let sign = if index == 0 { pen.mark(Mark::Bad) } else { pen.text(Role::Bad, " ") };
        lines.push(Line::from(vec![
            pen.text(Role::Plain, " ".repeat(17)),
            sign,
            pen.text(Role::Bad, format!(" {row}")),
        ]));
    }
    lines
}
