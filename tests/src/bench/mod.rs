//! The benchmarks behind `muster-bench`: what is measured, and against what. Each prints the figures a
//! person reads and, last, one JSON object.

mod fanout;
mod figures;
mod fleet;
mod life;
mod measure;
mod open;
mod others;
mod sender;
pub mod terminal;

pub use self::fanout::{Fanout, fanout};
pub use self::life::{Life, live};
pub use self::open::{Open, Writing, fill, open};
pub use self::sender::{Sender, send};

/// A line for whoever watches.
fn say(line: &str) {
    use std::io::Write;
    // Whoever closed standard error does not watch.
    drop(writeln!(std::io::stderr(), "{line}"));
}
