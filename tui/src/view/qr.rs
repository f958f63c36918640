//! A login link as a QR code, two squares a cell, for a phone's camera.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use muster_protocol::check::CheckOutcome;
use qrcode::{Color as Square, EcLevel, QrCode};

use crate::app::model::Model;
use crate::app::screens::connect;
use crate::theme::Role;
use crate::view::header;
use crate::view::paint::{self, Pen};

/// Light squares round the code; scanners ask for four, and manage with one.
const QUIET: usize = 1;

/// The code's rows, light squares drawn: on a dark ground they shine, in colours the ground is set.
pub(super) fn rows(text: &str) -> Vec<String> {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else {
        return Vec::new();
    };
    let width = code.width();
    let colors = code.to_colors();
    let dark = |x: usize, y: usize| {
        let inside = x >= QUIET && y >= QUIET && x < width + QUIET && y < width + QUIET;
        inside && colors.get((y - QUIET) * width + (x - QUIET)) == Some(&Square::Dark)
    };
    let full = width + 2 * QUIET;
    (0..full.div_ceil(2))
        .map(|row| {
            (0..full)
                .map(|x| match (dark(x, row * 2), dark(x, row * 2 + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                })
                .collect()
        })
        .collect()
}

/// The rows turned round, for a terminal without colours: its light text draws the light squares.
fn inverted(row: &str) -> String {
    row.chars()
        .map(|c| match c {
            '█' => ' ',
            '▀' => '▄',
            '▄' => '▀',
            _ => '█',
        })
        .collect()
}

/// The code as lines, if the room is enough for it.
pub(super) fn lines(text: &str, room: (usize, usize), pen: Pen) -> Option<Vec<Line<'static>>> {
    let rows = rows(text);
    let fits = !rows.is_empty()
        && !pen.ascii
        && rows.len() <= room.1
        && rows.first().is_some_and(|row| row.chars().count() <= room.0);
    let draw =
        |row: &String| pen.line(Role::Qr, if pen.is_mono() { inverted(row) } else { row.clone() });
    fits.then(|| rows.iter().map(draw).collect())
}

/// The code on the whole screen.
pub(super) fn full(model: &Model, buffer: &mut Buffer, area: Rect, pen: Pen) {
    let link = connect::check(model).and_then(|check| match &check.outcome {
        CheckOutcome::AwaitingLogin { link, .. } => Some(link.as_str()),
        _ => None,
    });
    let room = (usize::from(area.width), usize::from(area.height));
    let link = link.unwrap_or_default();
    let lines = lines(link, room, pen).unwrap_or_else(|| {
        let needed = rows(link).len();
        let words = if pen.ascii {
            "a QR code needs a UTF-8 terminal; copy the link with c instead".to_owned()
        } else {
            format!(
                "the QR code needs {} columns and {needed} rows; the window has {} and {}. \
                 Enlarge it, or copy the link with c. Esc goes back.",
                needed * 2,
                area.width,
                area.height
            )
        };
        pen.wrapped(Role::Plain, &words, 2, room.0)
    });
    let width = lines.iter().map(Line::width).max().unwrap_or(0);
    let width = u16::try_from(width).unwrap_or(area.width).min(area.width);
    let x = area.width.saturating_sub(width) / 2;
    paint::lines(buffer, Rect { x, width, ..area }, &lines);
    if lines.len() < usize::from(area.height) {
        let y = area.height.saturating_sub(1);
        let last = [header::footer(model, pen, area.width)];
        paint::lines(buffer, Rect { y, height: 1, ..area }, &last);
    }
}
