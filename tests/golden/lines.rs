//! Comparing lines with a file, and every variant of an enum in turn.

use std::path::PathBuf;

/// Compares what is said today with the file. Nothing rewrites the file by itself: a changed line
/// is a decision, and the failure prints what to put there.
pub(crate) fn check(file: &str, lines: &[String]) {
    let path = folder().join(file);
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let kept: Vec<&str> = kept.lines().collect();
    let odd = (0..lines.len().max(kept.len())).find(|at| {
        let said = lines.get(*at).map(String::as_str);
        said != kept.get(*at).copied()
    });
    let Some(odd) = odd else { return };
    panic!(
        "tests/golden/{file}, line {}:\n  kept  {}\n  said  {}\nif that is meant, the file is to hold:\n\n{}\n",
        odd + 1,
        kept.get(odd).unwrap_or(&"nothing"),
        lines.get(odd).map_or("nothing", String::as_str),
        lines.join("\n"),
    );
}

/// Asked when the test runs: two work trees may share what is built.
fn folder() -> PathBuf {
    let tests = std::env::var_os("CARGO_MANIFEST_DIR");
    tests.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from).join("golden")
}

/// Everything `after` leads to, beginning with what it gives for nothing. An `after` is an
/// exhaustive match, so that a new variant cannot be left out.
pub(crate) fn chain<T>(after: impl Fn(Option<&T>) -> Option<T>) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    while let Some(next) = after(all.last()) {
        all.push(next);
    }
    all
}
