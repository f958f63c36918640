//! Draws the model. Reads it, changes nothing, sends nothing.

mod account;
mod accounts;
mod chart;
mod check;
mod connect;
mod details;
mod header;
mod journal;
mod overlay;
mod paint;
mod qr;
mod runs;
mod system;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::app::layout::Size;
use crate::app::model::{Model, Page};
use crate::app::overlay::Overlay;
use crate::app::screens::connect::Stage;
use crate::app::screens::runs::{self as run_screen, Board};
use crate::text;
use crate::view::paint::Pen;

#[cfg(test)]
pub(crate) use overlay::help;

/// A page's body: a title for the rule above it, and its lines.
#[derive(Debug, Default)]
pub(crate) struct Content {
    title: String,
    lines: Vec<Line<'static>>,
    /// The label and the URL of a hyperlink, where there is one.
    link: Option<(String, String)>,
}

/// Draws one frame.
pub(crate) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let size = Size { width: area.width, height: area.height };
    let pen = Pen::of(model);
    let buffer = frame.buffer_mut();
    if !size.is_enough() {
        paint::too_small(buffer, area, pen);
    } else if matches!(model.overlay, Some(Overlay::Qr)) {
        qr::full(model, buffer, area, pen);
    } else {
        let row = |y: u16| Rect { y, height: 1, ..area };
        paint::lines(buffer, row(0), &[header::status(model, pen, area.width)]);
        paint::lines(buffer, row(1), &[header::tabs(model, pen, area.width)]);
        let body = Rect { y: 3, height: area.height.saturating_sub(4), ..area };
        let content = page(model, pen, Size { width: body.width, height: body.height }, size);
        let title = match more(model).zip(content.lines.len().checked_sub(body.height.into())) {
            // What is below is said whole, whatever becomes of the title.
            Some((key, below @ 1..)) => {
                let hint = format!(" · {below} more below: {key}");
                let room = usize::from(area.width).saturating_sub(text::width(&hint) + 4);
                format!("{}{hint}", text::clip(&content.title, room))
            }
            _ => content.title.clone(),
        };
        paint::lines(buffer, row(2), &[paint::rule(&title, area.width, pen)]);
        paint::lines(buffer, body, &content.lines);
        if model.is_stale() {
            buffer.set_style(body, crate::theme::stale());
        }
        if model.look.links
            && let Some((label, url)) = &content.link
        {
            paint::hyperlink(buffer, body, label, url);
        }
        overlay::draw(model, buffer, area, pen);
        paint::lines(
            buffer,
            row(area.height.saturating_sub(1)),
            &[header::footer(model, pen, area.width)],
        );
    }
    if model.look.ascii {
        paint::to_ascii(buffer);
    }
}

/// The key that shows what is below, on pages that are scrolled as a whole.
fn more(model: &Model) -> Option<&'static str> {
    match (model.page, &model.connect.stage) {
        (Page::System, _) | (Page::Connect, Stage::Check { .. }) => Some("j"),
        (Page::Connect, Stage::Form) => Some("pgdn"),
        (Page::Accounts, _) if model.accounts.details => Some("pgdn"),
        (Page::Runs, _) if model.runs.board.gates => Some("pgdn"),
        (Page::Runs, _) if matches!(run_screen::board(model), Board::Run(_)) => Some("j"),
        _ => None,
    }
}

fn page(model: &Model, pen: Pen, body: Size, screen: Size) -> Content {
    match model.page {
        Page::Accounts => accounts::content(model, pen, body, screen),
        Page::Connect => connect::content(model, pen, body),
        Page::Runs => runs::content(model, pen, body),
        Page::Journal => journal::content(model, pen, body),
        Page::System => system::content(model, pen, body),
    }
}

/// The pen for a test.
#[cfg(test)]
pub(crate) fn pen(model: &Model) -> Pen {
    Pen::of(model)
}
