//! Building a list: each instrument under one name; of two that claim the same, the better claim
//! wins, and of equal ones none: both are then called what the broker calls them.

use super::{Listed, Listing, write};

/// How good a row's claim to its name is; the better wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// The exchange's short form, made from the broker's.
    Alias,
    /// The broker's symbol itself.
    Exact,
    /// The share's series for ordinary trading.
    Series,
}

/// A row with its claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How good it is.
    pub fit: Fit,
    /// The row, under the name it claims.
    pub listed: Listed,
}

/// Rows on their way to a list. Each is a line already: a dump has hundreds of thousands.
#[derive(Debug, Default)]
pub struct Builder {
    rows: Vec<(String, Fit)>,
}

impl Builder {
    /// One more row; one that cannot stand in a line is left out.
    pub fn push(&mut self, entry: &Entry) {
        let Listed { instrument: row, name } = &entry.listed;
        let texts = [&row.symbol, &row.broker_symbol, &row.token];
        let whole = texts.iter().all(|text| !text.is_empty() && is_plain(text));
        if whole && is_plain(name) && row.tick.0 > 0 {
            self.rows.push((write(&entry.listed), entry.fit));
        }
    }

    /// The list; `None` if it is larger than any list there is.
    pub fn build(self) -> Option<Listing> {
        let mut rows = self.rows;
        let doubled = settle(&mut rows);
        // Under their own names these may meet others again; then nobody has that name.
        rows.extend(doubled.iter().filter_map(|line| own_name(line)));
        drop(settle(&mut rows));
        let mut text = String::with_capacity(rows.iter().map(|(line, _)| line.len() + 1).sum());
        for (line, _) in &rows {
            text.push_str(line);
            text.push('\n');
        }
        Listing::of(text)
    }
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Sorts, keeps the best row of each name, and returns those that were equally good.
fn settle(rows: &mut Vec<(String, Fit)>) -> Vec<String> {
    let order = |(line, fit): &(String, Fit), (other, against): &(String, Fit)| {
        super::key(line).cmp(&super::key(other)).then(against.cmp(fit)).then(line.cmp(other))
    };
    rows.sort_unstable_by(order);
    rows.dedup();
    let mut kept: Vec<(String, Fit)> = Vec::with_capacity(rows.len());
    let mut doubled = Vec::new();
    for group in rows.chunk_by(|(line, _), (other, _)| super::key(line) == super::key(other)) {
        let Some((_, best)) = group.first() else { continue };
        let equal = group.iter().filter(|(_, fit)| fit == best).count();
        if equal > 1 {
            doubled.extend(group.iter().map(|(line, _)| line.clone()));
        } else {
            kept.extend(group.first().cloned());
            doubled.extend(group.iter().skip(1).map(|(line, _)| line.clone()));
        }
    }
    *rows = kept;
    doubled
}

/// The row under the broker's own name, if that is another.
fn own_name(line: &str) -> Option<(String, Fit)> {
    let mut listed = super::read(line)?;
    if listed.instrument.broker_symbol == listed.instrument.symbol {
        return None;
    }
    listed.instrument.symbol.clone_from(&listed.instrument.broker_symbol);
    Some((write(&listed), Fit::Exact))
}
