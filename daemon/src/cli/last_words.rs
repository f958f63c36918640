//! What is said when a part of the program panics: where, and only words that were in it when it was built.
//! A panic's own message may quote what was being worked on (a text cut in the wrong place, a value that is
//! not what it should be), and that may be a secret.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::PanicHookInfo;

/// From now on panics say no more than that.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        // Not the log: whoever panics may hold its lock. There is nobody left to tell if this fails.
        let _ = writeln!(std::io::stderr(), "{}", words(info));
    }));
}

fn words(info: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let what = match info.payload().downcast_ref::<&'static str>() {
        Some(literal) => *literal,
        None => "what it said is withheld, for it may quote a secret",
    };
    let trace = Backtrace::capture();
    let trace = match trace.status() {
        BacktraceStatus::Captured => format!("\n{trace}"),
        _ => String::new(),
    };
    format!("a part of musterd failed, thread {thread}, at {place}: {what}{trace}")
}
