//! What a program says when a part of it panics: where, and only words that were in it when it was built.
//! A panic's own message may quote what was being worked on (a text cut in the wrong place, a value that is
//! not what it should be), and that may be a secret. Knows no stream and sets no hook.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

/// The words on a panic of this thread of `program`.
pub fn last_words(program: &str, info: &PanicHookInfo<'_>, trace: &Backtrace) -> String {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let what = match info.payload().downcast_ref::<&'static str>() {
        Some(literal) => *literal,
        None => "what it said is withheld, for it may quote a secret",
    };
    let trace = match trace.status() {
        BacktraceStatus::Captured => format!("\n{trace}"),
        _ => String::new(),
    };
    format!("a part of {program} failed, thread {thread}, at {place}: {what}{trace}")
}
