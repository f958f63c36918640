//! What lies over a page: help, the palette, a question, a line to type.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::field::TextField;
use crate::app::form::SecretField;
use crate::app::keymap::{self, Context, Need};
use crate::app::model::Model;
use crate::app::overlay::{self, Overlay, Question};
use crate::app::update::palette_rows;
use crate::text;
use crate::theme::Role;
use crate::view::paint::{self, Pen};

/// Draws what lies on top, if anything does.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, area: Rect, pen: Pen) {
    match &model.overlay {
        None | Some(Overlay::Qr) => {}
        Some(Overlay::Help { scroll, of }) => {
            let width = usize::from(area.width.min(78)).saturating_sub(4);
            let lines = help(of, model.rights(), width, pen);
            let shown = lines.into_iter().skip(*scroll).collect();
            sheet(buffer, area, ("Help", shown), 78, pen);
        }
        Some(Overlay::Palette { typed, at, of }) => {
            let lines = palette(model, (typed, *at, of), area, pen);
            sheet(buffer, area, ("Commands", lines), 78, pen);
        }
        Some(Overlay::Confirm(question)) => {
            let width = usize::from(area.width.min(64)).saturating_sub(4);
            let lines = confirm(question, pen, width);
            sheet(buffer, area, (&question.title, lines), 64, pen);
        }
        Some(Overlay::Line { what, typed, .. }) => {
            let label = match what {
                overlay::Line::AccountFilter | overlay::Line::JournalFilter => "/",
                overlay::Line::JournalSearch => "#",
                overlay::Line::SaveAs => "save to: ",
                overlay::Line::OrderNumber => "the broker's order number: ",
            };
            line(buffer, area, label, typed, pen);
        }
        Some(Overlay::Unseal) => {
            let words = "The vault is SEALED: no account can log in and no run happens. Type a passphrase or key that opens it; it is handed to the daemon and not shown.";
            let lines = secret_lines(model, (SecretField::Vault, words), area, pen);
            sheet(buffer, area, ("Open the vault", lines), 64, pen);
        }
        Some(Overlay::Redirect) => {
            let words = "Paste the whole address your browser ended at, or the request token in it. It is handed to the daemon and not shown.";
            let lines = secret_lines(model, (SecretField::Redirect, words), area, pen);
            sheet(buffer, area, ("Redirected address", lines), 64, pen);
        }
    }
}

/// Words, and a secret being typed: never more than how long it is.
fn secret_lines(
    model: &Model,
    (field, words): (SecretField, &str),
    area: Rect,
    pen: Pen,
) -> Vec<Line<'static>> {
    let width = usize::from(area.width.min(64)).saturating_sub(4);
    let typed = model.connect.form.facts(field).typed;
    let mut lines = pen.wrapped(Role::Plain, words, 0, width);
    lines.push(Line::from(vec![
        pen.text(Role::Title, "> "),
        pen.text(Role::Plain, if typed > 0 { "••••••••" } else { "" }),
        pen.text(Role::Cursor, " "),
        pen.text(Role::Dim, format!("  {typed} characters")),
    ]));
    lines
}

/// Every binding in force, under the name of where it counts.
pub(crate) fn help(
    of: &'static [Context],
    rights: Need,
    width: usize,
    pen: Pen,
) -> Vec<Line<'static>> {
    // The keys' column; where it is narrow, only as wide as most keys are.
    let column: usize = if width < 60 { 10 } else { 17 };
    let mut lines = Vec::new();
    for context in of {
        let rows: Vec<_> = keymap::in_force(of, rights).filter(|b| b.context == *context).collect();
        if rows.is_empty() {
            continue;
        }
        lines.push(pen.line(Role::Title, context.title()));
        for binding in rows {
            let keys: Vec<_> = binding.keys.iter().map(ToString::to_string).collect();
            let keys = keys.join(" ");
            let indent = column.saturating_add(2);
            let mut rows = text::wrap(binding.help, width.saturating_sub(indent)).into_iter();
            let mut head = pen.line(Role::Key, format!("  {}", text::fit(&keys, column)));
            if text::width(&keys) >= column {
                lines.push(pen.line(Role::Key, format!("  {keys}")));
                head = pen.line(Role::Plain, " ".repeat(indent));
            }
            head.push_span(pen.text(Role::Plain, rows.next().unwrap_or_default()));
            lines.push(head);
            lines.extend(
                rows.map(|row| pen.line(Role::Plain, format!("{}{row}", " ".repeat(indent)))),
            );
        }
    }
    lines
}

fn palette(
    model: &Model,
    (typed, at, of): (&TextField, usize, &'static [Context]),
    area: Rect,
    pen: Pen,
) -> Vec<Line<'static>> {
    let width = area.width.min(78).saturating_sub(4);
    let mut lines = vec![field_line("> ", typed, pen, usize::from(width))];
    let rows = palette_rows(of, model.rights(), typed.text());
    let room = usize::from(area.height).saturating_sub(5).max(1);
    let offset = crate::app::layout::follow(0, at, rows.len(), room);
    for (index, binding) in rows.iter().enumerate().skip(offset).take(room) {
        let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
        let row = Line::from(vec![
            pen.text(Role::Plain, format!(" {} ", text::fit(binding.label, 18))),
            pen.text(Role::Key, text::fit(&key, 9)),
            pen.text(Role::Dim, text::clip(binding.help, usize::from(width).saturating_sub(29))),
        ]);
        lines.push(if index == at { paint::select(row, width) } else { row });
    }
    if rows.is_empty() {
        lines.push(pen.line(Role::Dim, "no command has these words"));
    }
    lines
}

fn confirm(question: &Question, pen: Pen, width: usize) -> Vec<Line<'static>> {
    let mut lines = pen.wrapped(Role::Plain, &question.body, 0, width);
    lines.push(Line::default());
    if let Some(name) = &question.name {
        let words = format!("Type {name} and press enter; esc cancels.");
        lines.extend(pen.wrapped(Role::Plain, &words, 0, width));
        lines.push(field_line("> ", &question.typed, pen, width));
    } else {
        let role = |on| if on { Role::Address } else { Role::Plain };
        lines.push(Line::from(vec![
            pen.text(role(!question.on_yes), " Cancel "),
            pen.text(Role::Plain, "   "),
            pen.text(role(question.on_yes), format!(" {} ", question.yes)),
        ]));
    }
    lines
}

fn field_line(label: &str, field: &TextField, pen: Pen, width: usize) -> Line<'static> {
    let mut line = Line::from(pen.text(Role::Title, label));
    let room = width.saturating_sub(line.width());
    line.extend(pen.typed(field.halves(), room));
    line
}

/// A line to type in, just above the footer.
fn line(buffer: &mut Buffer, area: Rect, label: &str, field: &TextField, pen: Pen) {
    let y = area.height.saturating_sub(2);
    let row = Rect { y, height: 1, ..area };
    clear(buffer, row);
    paint::lines(
        buffer,
        row,
        &[field_line(&format!(" {label}"), field, pen, usize::from(area.width))],
    );
}

/// A framed sheet in the middle of the screen.
fn sheet(
    buffer: &mut Buffer,
    area: Rect,
    (title, lines): (&str, Vec<Line<'static>>),
    widest: u16,
    pen: Pen,
) {
    let width = area.width.min(widest);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let height = rows.min(area.height.saturating_sub(2));
    let x = area.width.saturating_sub(width) / 2;
    let y = area.height.saturating_sub(1).saturating_sub(height) / 2;
    let frame = Rect { x, y, width, height };
    clear(buffer, frame);
    let inner = usize::from(width.saturating_sub(2));
    let title = text::clip(&format!(" {} ", text::scrub(title)), inner);
    let bars = inner.saturating_sub(text::width(&title));
    let mut framed = vec![Line::from(vec![
        pen.text(Role::Plain, "┌"),
        pen.text(Role::Title, title),
        pen.text(Role::Plain, format!("{}┐", "─".repeat(bars))),
    ])];
    let room = usize::from(height.saturating_sub(2));
    for _ in 0..room {
        framed.push(pen.line(Role::Plain, format!("│{}│", " ".repeat(inner))));
    }
    framed.push(pen.line(Role::Plain, format!("└{}┘", "─".repeat(inner))));
    paint::lines(buffer, frame, &framed);
    let inside = Rect {
        x: x.saturating_add(2),
        y: y.saturating_add(1),
        width: width.saturating_sub(4),
        height: height.saturating_sub(2),
    };
    paint::lines(buffer, inside, &lines);
}

fn clear(buffer: &mut Buffer, area: Rect) {
    let area = area.intersection(buffer.area);
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
}
