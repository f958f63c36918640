//! Text on a grid: width, ellipsis, wrapping, scrubbing, and times in a few letters. Pure.

use muster_protocol::time::{DAY, MINUTE, SECOND};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

const HOUR: i64 = 60 * MINUTE;

/// How many columns the text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text without control characters and without the marks that turn the writing direction:
/// what comes from a broker must not be able to move the cursor or to hide.
pub(crate) fn scrub(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\t' => Some(' '),
            c if hidden(c) => None,
            c => Some(c),
        })
        .collect()
}

/// The text in exactly `columns` columns: cut with an ellipsis, or padded.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let mut cut = clip(text, columns);
    let missing = columns.saturating_sub(width(&cut));
    cut.extend(std::iter::repeat_n(' ', missing));
    cut
}

/// The text in at most `columns` columns, cut with an ellipsis.
pub(crate) fn clip(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        if width(&out).saturating_add(width(grapheme)) >= columns {
            break;
        }
        out.push_str(grapheme);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The first `columns` characters, without an ellipsis: for text of a known form.
pub(crate) fn clip_hard(text: &str, columns: usize) -> String {
    text.chars().take(columns).collect()
}

/// The text right-aligned in `columns` columns.
pub(crate) fn right(text: &str, columns: usize) -> String {
    let cut = clip(text, columns);
    format!("{}{cut}", " ".repeat(columns.saturating_sub(width(&cut))))
}

/// A typed line in at most `room` columns: what stands before the cursor, what is under it, and what
/// comes after. The cursor is always in view; where the beginning is cut, an ellipsis says so.
pub(crate) fn window(before: &str, after: &str, room: usize) -> (String, String, String) {
    let mut rest = after.graphemes(true);
    let under = rest.next().unwrap_or(" ");
    let left = room.saturating_sub(width(under));
    let head = if width(before) <= left {
        before.to_owned()
    } else {
        let mut kept = Vec::new();
        let mut used = 1;
        for grapheme in before.graphemes(true).rev() {
            used += width(grapheme);
            if used > left {
                break;
            }
            kept.push(grapheme);
        }
        kept.reverse();
        format!("…{}", kept.concat())
    };
    let tail = clip(rest.as_str(), left.saturating_sub(width(&head)));
    (head, under.to_owned(), tail)
}

/// The text broken into lines of at most `columns` columns, at spaces where there are any.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let fits = |line: &String| width(line).saturating_add(width(word)) < columns;
        match lines.last_mut().filter(|line| fits(line)) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.extend(chunks(word, columns)),
        }
    }
    lines
}

/// Text broken at exactly `columns` columns, for addresses that are copied with the mouse.
pub(crate) fn chunks(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for grapheme in text.graphemes(true) {
        if let Some(line) = lines.last_mut() {
            if width(line).saturating_add(width(grapheme)) <= columns.max(1) {
                line.push_str(grapheme);
            } else {
                lines.push(grapheme.to_owned());
            }
        }
    }
    lines
}

/// `12s ago`, `3m ago`, `9d ago`.
pub(crate) fn ago(millis: i64) -> String {
    match millis {
        ..SECOND => "now".to_owned(),
        _ => format!("{} ago", short(millis)),
    }
}

/// A span in its largest unit: `12s`, `3m`, `5h`, `9d`.
pub(crate) fn short(millis: i64) -> String {
    match millis.max(0) {
        ms @ ..MINUTE => format!("{}s", ms / SECOND),
        ms @ ..HOUR => format!("{}m", ms / MINUTE),
        ms @ ..DAY => format!("{}h", ms / HOUR),
        ms => format!("{}d", ms / DAY),
    }
}

/// A span in its two largest units: `8h55m`, `12d4h`.
pub(crate) fn span(millis: i64) -> String {
    match millis.max(0) {
        ms @ ..MINUTE => format!("{}s", ms / SECOND),
        ms @ ..HOUR => format!("{}m", ms / MINUTE),
        ms @ ..DAY => format!("{}h{:02}m", ms / HOUR, ms % HOUR / MINUTE),
        ms => format!("{}d{}h", ms / DAY, ms % DAY / HOUR),
    }
}

/// What is left until something: `5:48`, `3h49`, `2d4h`.
pub(crate) fn countdown(millis: i64) -> String {
    match millis.max(0) {
        ms @ ..HOUR => format!("{}:{:02}", ms / MINUTE, ms % MINUTE / SECOND),
        ms @ ..DAY => format!("{}h{:02}", ms / HOUR, ms % HOUR / MINUTE),
        ms => format!("{}d{}h", ms / DAY, ms % DAY / HOUR),
    }
}

/// `1 account`, `2 accounts`.
pub(crate) fn count<N: TryInto<u64>>(number: N, thing: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {thing}"),
        many => format!("{many} {thing}s"),
    }
}

/// `18 MB`, `640 kB`, in thousands.
pub(crate) fn bytes(number: u64) -> String {
    match number {
        n @ ..10_000 => format!("{n} B"),
        n @ ..10_000_000 => format!("{} kB", n / 1_000),
        n @ ..10_000_000_000 => format!("{} MB", n / 1_000_000),
        n => format!("{} GB", n / 1_000_000_000),
    }
}

/// `8,214`.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns() {
        assert_eq!(fit("bharat", 4), "bha…");
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(clip("abc", 0), "");
        assert_eq!(width(&fit("漢字漢字", 5)), 5);
        assert_eq!(right("ab", 4), "  ab");
    }

    #[test]
    fn wrapping_keeps_every_word_and_the_width() {
        let lines = wrap("Angel One accepts orders only from registered addresses.", 12);
        assert!(lines.iter().all(|line| width(line) <= 12), "{lines:?}");
        assert_eq!(wrap(&"x".repeat(30), 12).len(), 3);
        assert_eq!(chunks("abcdef", 4), ["abcd", "ef"]);
    }

    #[test]
    fn the_cursor_of_a_long_line_stays_in_view() {
        let owned = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(window("abc", "", 10), owned("abc", " ", ""));
        assert_eq!(window("abcdefghij", "", 6), owned("…ghij", " ", ""));
        assert_eq!(window("ab", "cdefghij", 6), owned("ab", "c", "de…"));
        assert_eq!(window("漢字漢字", "x", 6), owned("…漢字", "x", ""));
        for room in 0..12 {
            let (head, under, tail) = window("abcdefgh", "ijklmnop", room);
            let wide = width(&head) + width(&under) + width(&tail);
            assert!(wide <= room.max(2), "{room}: {head}|{under}|{tail}");
        }
    }

    #[test]
    fn scrubbing_takes_what_could_lie() {
        assert_eq!(scrub("a\u{1b}[2Jb\u{202e}c\nd"), "a[2Jbc d");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(ago(12_500), "12s ago");
        assert_eq!(ago(-5), "now");
        assert_eq!(span(8 * HOUR + 55 * MINUTE), "8h55m");
        assert_eq!(countdown(5 * MINUTE + 48 * SECOND), "5:48");
        assert_eq!(countdown(3 * HOUR + 49 * MINUTE), "3h49");
        assert_eq!(grouped(8_214), "8,214");
        assert_eq!(
            [9, 18_400, 18_874_368, 12_000_000_000].map(bytes),
            ["9 B", "18 kB", "18 MB", "12 GB"]
        );
    }
}
