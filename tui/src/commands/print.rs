//! The one place that writes to standard output and standard error.

use std::io::{ErrorKind, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{CommandError, SCHEMA_VERSION};
use crate::text;

/// Writes text or JSON, as was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printer {
    json: bool,
}

impl Printer {
    /// A printer of JSON, or of text.
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// True when JSON was asked for.
    pub(super) const fn is_json(self) -> bool {
        self.json
    }
}

/// Writes one JSON object a line: `schema_version` and the value under its name.
pub(super) fn json<T: Serialize>(name: &str, value: &T) -> Result<(), CommandError> {
    let value = serde_json::to_value(value)
        .map_err(|_| CommandError::Failed("the answer cannot be written as JSON".to_owned()))?;
    let mut object = Map::new();
    object.insert("schema_version".to_owned(), Value::from(SCHEMA_VERSION));
    object.insert(name.to_owned(), value);
    write_line(&Value::Object(object).to_string())
}

/// Writes a line of text; control characters stay out.
pub(super) fn line(line: impl AsRef<str>) -> Result<(), CommandError> {
    write_line(text::scrub(line.as_ref()).trim_end())
}

/// Writes a text that is made here, as it is.
pub(super) fn text(text: &str) -> Result<(), CommandError> {
    write_line(text.trim_end())
}

/// Says that something was done.
pub(super) fn done(printer: Printer, words: &str) -> Result<(), CommandError> {
    if printer.is_json() { json("done", &words) } else { line(words) }
}

/// Writes rows in columns as wide as their widest cell.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> Result<(), CommandError> {
    let head = head.iter().map(|cell| (*cell).to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|at| all.iter().filter_map(|row| row.get(at)).map(|c| text::width(c)).max())
        .map(Option::unwrap_or_default)
        .collect();
    for row in all {
        let cells = row.iter().zip(&widths).map(|(cell, width)| text::fit(cell, *width));
        line(cells.collect::<Vec<_>>().join("  "))?;
    }
    Ok(())
}

/// Says on standard error what went wrong.
pub(crate) fn complain(error: &dyn std::fmt::Display) {
    let line = text::scrub(&error.to_string());
    // There is nobody left to tell if this fails.
    drop(writeln!(std::io::stderr(), "muster: {line}"));
}

/// The same as one JSON object.
pub(super) fn complain_json(object: &Value) {
    drop(writeln!(std::io::stderr(), "{object}"));
}

/// Asks something on standard error, so that standard output stays clean.
pub(super) fn ask(question: &str) {
    drop(write!(std::io::stderr(), "{question}"));
}

fn write_line(line: &str) -> Result<(), CommandError> {
    // Not `println!`: that panics when `head` has seen enough.
    writeln!(std::io::stdout(), "{line}").map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => CommandError::Unread,
        _ => CommandError::io("standard output", error),
    })
}
