//! Figures drawn in text: a sparkline of values in order, a histogram of how often each came.

use ratatui::text::Line;

use crate::text;
use crate::theme::Role;
use crate::view::paint::Pen;

/// From empty to full, an eighth at a time.
const BARS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// One bar a value, the highest full; nothing is drawn only for zero.
pub(super) fn spark(values: &[u64]) -> String {
    let most = values.iter().max().copied().unwrap_or(0).max(1);
    values.iter().map(|value| bar(*value, most, 8)).collect()
}

/// How often values fall into each of so many equal parts of their range.
fn bins(values: &[u32], count: usize) -> Vec<u64> {
    let (Some(least), Some(most)) = (values.iter().min(), values.iter().max()) else {
        return Vec::new();
    };
    let span = u64::from(most.saturating_sub(*least)).saturating_add(1);
    let mut bins = vec![0_u64; count];
    for value in values {
        let offset = u64::from(value.saturating_sub(*least));
        let at = offset.saturating_mul(count as u64).checked_div(span).unwrap_or(0);
        if let Some(bin) = usize::try_from(at).ok().and_then(|at| bins.get_mut(at)) {
            *bin = bin.saturating_add(1);
        }
    }
    bins
}

/// The distribution in one row of so many columns.
pub(super) fn distribution(values: &[u32], columns: usize) -> String {
    spark(&bins(values, columns))
}

/// The distribution over several rows, with its least and most below.
pub(super) fn histogram(
    values: &[u32],
    (columns, rows): (usize, usize),
    pen: Pen,
) -> Vec<Line<'static>> {
    let bins = bins(values, columns);
    let high = bins.iter().max().copied().unwrap_or(0).max(1);
    let steps = u64::try_from(rows).unwrap_or(1).saturating_mul(8);
    let mut lines: Vec<Line<'static>> = (0..rows)
        .rev()
        .map(|row| {
            let below = u64::try_from(row).unwrap_or(0).saturating_mul(8);
            let drawn: String = bins
                .iter()
                .map(|n| {
                    let filled = n.saturating_mul(steps).div_ceil(high);
                    BARS.get(usize::try_from(filled.saturating_sub(below)).unwrap_or(8).min(8))
                        .copied()
                        .unwrap_or("█")
                })
                .collect();
            pen.line(Role::Plain, format!("   {drawn}"))
        })
        .collect();
    let (least, most) = (values.iter().min(), values.iter().max());
    if let (Some(least), Some(most)) = (least, most) {
        let (left, right) = (format!("{least} ms"), format!("{most} ms"));
        let gap = columns.saturating_sub(text::width(&left)).saturating_sub(text::width(&right));
        lines.push(pen.line(Role::Dim, format!("   {left}{}{right}", " ".repeat(gap.max(1)))));
    }
    lines
}

fn bar(value: u64, most: u64, eighths: u64) -> &'static str {
    let filled = value.saturating_mul(eighths).div_ceil(most);
    BARS.get(usize::try_from(filled).unwrap_or(8).min(8)).copied().unwrap_or("█")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_is_full_and_only_zero_is_empty() {
        assert_eq!(spark(&[0, 1, 50, 100]), " ▁▄█");
        assert_eq!(spark(&[]), "");
        assert_eq!(spark(&[0, 0]), "  ");
    }

    #[test]
    fn every_value_falls_into_one_part() {
        let values: Vec<u32> = (0..1_000).map(|n| n * 7 % 311).collect();
        for columns in 1..40 {
            assert_eq!(bins(&values, columns).iter().sum::<u64>(), 1_000);
        }
        assert_eq!(bins(&[5, 5, 5], 3), [3, 0, 0]);
        assert_eq!(distribution(&[1, 1, 10], 2), "█▄");
        assert_eq!(bins(&[0, u32::MAX], 2), [1, 1]);
    }
}
