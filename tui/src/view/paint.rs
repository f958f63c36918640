//! Lines, spans and cells: the small vocabulary every page is written in.

use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::app::look::Theme;
use crate::app::model::Model;
use crate::glyph::{self, Mark};
use crate::text;
use crate::theme::{self, Role};

/// How to write on this terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pen {
    pub(super) ascii: bool,
    theme: Theme,
}

impl Pen {
    /// The pen for this model's terminal.
    pub(super) const fn of(model: &Model) -> Self {
        Self { ascii: model.look.ascii, theme: model.look.theme }
    }

    /// True where there are no colours.
    pub(super) fn is_mono(self) -> bool {
        self.theme == Theme::Mono
    }

    /// A piece of text; what a broker or a person wrote is scrubbed here.
    pub(super) fn text(self, role: Role, text: impl AsRef<str>) -> Span<'static> {
        Span::styled(text::scrub(text.as_ref()), theme::style(role, self.theme))
    }

    /// A glyph in the colour of what it says.
    pub(super) fn mark(self, mark: Mark) -> Span<'static> {
        self.text(role_of(mark), mark.sign(self.ascii))
    }

    /// A line of one piece.
    pub(super) fn line(self, role: Role, text: impl AsRef<str>) -> Line<'static> {
        Line::from(self.text(role, text))
    }

    /// What is typed into a line, the cursor in it, in so many columns.
    pub(super) fn typed(self, (before, after): (&str, &str), room: usize) -> [Span<'static>; 3] {
        let (head, under, tail) = text::window(before, after, room);
        [self.text(Role::Plain, head), self.text(Role::Cursor, under), self.text(Role::Plain, tail)]
    }

    /// Paragraphs: the text wrapped into `width` behind an indent.
    pub(super) fn wrapped(
        self,
        role: Role,
        text: &str,
        indent: usize,
        width: usize,
    ) -> Vec<Line<'static>> {
        let room = width.saturating_sub(indent).max(8);
        let lines = text::wrap(&text::scrub(text), room);
        lines.into_iter().map(|l| self.line(role, format!("{}{l}", " ".repeat(indent)))).collect()
    }

    /// `Label   value`, the value wrapped under itself.
    pub(super) fn field(
        self,
        label: &str,
        value: (Role, &str),
        width: usize,
    ) -> Vec<Line<'static>> {
        const COLUMN: usize = 14;
        let room = width.saturating_sub(COLUMN).max(8);
        let mut lines = text::wrap(&text::scrub(value.1), room).into_iter();
        let first = lines.next().unwrap_or_default();
        let head = self.text(Role::Dim, text::fit(&format!(" {label}"), COLUMN));
        let mut out = vec![Line::from(vec![head, self.text(value.0, first)])];
        out.extend(lines.map(|line| self.line(value.0, format!("{}{line}", " ".repeat(COLUMN)))));
        out
    }
}

/// The role whose colour goes with a mark.
pub(super) const fn role_of(mark: Mark) -> Role {
    match mark {
        Mark::Good => Role::Good,
        Mark::Busy => Role::Warn,
        Mark::Off | Mark::Out => Role::Dim,
        Mark::Bad => Role::Bad,
    }
}

/// A rule with a title in it.
pub(super) fn rule(title: &str, width: u16, pen: Pen) -> Line<'static> {
    let width = usize::from(width);
    if title.is_empty() {
        return pen.line(Role::Dim, "─".repeat(width));
    }
    let title = text::clip(&format!(" {} ", text::scrub(title)), width.saturating_sub(1));
    let rest = width.saturating_sub(text::width(&title)).saturating_sub(1);
    Line::from(vec![
        pen.text(Role::Dim, "─"),
        pen.text(Role::Title, title),
        pen.text(Role::Dim, "─".repeat(rest)),
    ])
}

/// Two columns: so many rows, the left one so wide, a bar between them.
pub(super) fn beside(
    left: Vec<Line<'static>>,
    right: Vec<Line<'static>>,
    (height, wide): (usize, u16),
    pen: Pen,
) -> Vec<Line<'static>> {
    let (mut left, mut right) = (left.into_iter(), right.into_iter());
    let width = usize::from(wide);
    (0..height)
        .map(|_| {
            let mut line = cut(left.next().unwrap_or_default(), width);
            let missing = width.saturating_sub(line.width());
            line.push_span(pen.text(Role::Plain, " ".repeat(missing)));
            line.push_span(pen.text(Role::Dim, " │ "));
            line.extend(right.next().unwrap_or_default().spans);
            line
        })
        .collect()
}

/// The line in at most so many columns.
fn cut(line: Line<'static>, width: usize) -> Line<'static> {
    if line.width() <= width {
        return line;
    }
    let mut kept = Line::default();
    for span in line.spans {
        let room = width.saturating_sub(kept.width());
        if span.width() <= room {
            kept.push_span(span);
        } else {
            kept.push_span(Span::styled(text::clip(&span.content, room), span.style));
            break;
        }
    }
    kept
}

/// Writes lines into an area; what does not fit is cut.
pub(super) fn lines(buffer: &mut Buffer, area: Rect, lines: &[Line<'static>]) {
    let area = area.intersection(buffer.area);
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

/// The same line as a selected row, over the whole width.
pub(super) fn select(line: Line<'static>, width: u16) -> Line<'static> {
    let missing = usize::from(width).saturating_sub(line.width());
    let mut spans: Vec<_> = line
        .spans
        .into_iter()
        .map(|span| Span::styled(span.content, theme::selected(span.style)))
        .collect();
    spans.push(Span::styled(" ".repeat(missing), theme::selected(ratatui::style::Style::new())));
    Line::from(spans)
}

/// Where there is no room to work.
pub(super) fn too_small(buffer: &mut Buffer, area: Rect, pen: Pen) {
    let least = crate::app::layout::LEAST;
    let words = format!(
        "terminal too small ({}x{}, need {}x{})",
        area.width, area.height, least.width, least.height
    );
    let rows = text::wrap(&words, usize::from(area.width));
    let rows: Vec<_> = rows.iter().map(|row| pen.line(Role::Plain, row)).collect();
    let above = usize::from(area.height).saturating_sub(rows.len()) / 2;
    let y = u16::try_from(above).unwrap_or(0);
    lines(buffer, Rect { y, height: area.height.saturating_sub(y), ..area }, &rows);
}

/// Makes a label that is on the screen a hyperlink: each cell carries the whole escape, so a change
/// next to it leaves the link alone.
pub(super) fn hyperlink(buffer: &mut Buffer, area: Rect, label: &str, url: &str) {
    let safe = url.chars().all(|c| c.is_ascii_graphic());
    let columns = u16::try_from(text::width(label)).unwrap_or(0);
    let spot = (area.y..area.bottom()).find_map(|y| {
        (area.x..area.right()).find(|x| starts_here(buffer, *x, y, label)).map(|x| (x, y))
    });
    let Some((x, y)) = spot.filter(|_| safe) else { return };
    for x in x..x.saturating_add(columns).min(area.right()) {
        if let Some(cell) = buffer.cell_mut((x, y)) {
            let symbol =
                format!("\u{1b}]8;id=muster;{url}\u{1b}\\{}\u{1b}]8;;\u{1b}\\", cell.symbol());
            cell.set_symbol(&symbol);
            cell.set_diff_option(CellDiffOption::ForcedWidth(std::num::NonZeroU16::MIN));
        }
    }
}

fn starts_here(buffer: &Buffer, x: u16, y: u16, label: &str) -> bool {
    (x..).zip(label.chars()).all(|(x, c)| {
        buffer.cell((x, y)).is_some_and(|cell| cell.symbol().chars().eq(std::iter::once(c)))
    })
}

/// Puts the ASCII twin in the place of every other character.
pub(super) fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if !symbol.is_ascii() {
            let twin = symbol.chars().next().map_or(' ', glyph::twin);
            cell.set_char(twin);
        }
    }
}
