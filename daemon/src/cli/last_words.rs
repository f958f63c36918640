//! What is said when a part of the daemon panics, and where.

use std::backtrace::Backtrace;
use std::io::Write;

use muster_protocol::last_words::last_words;

/// From now on panics say where they were, and nothing that was made at run time.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let words = last_words("musterd", info, &Backtrace::capture());
        // Not the log: whoever panics may hold its lock. There is nobody left to tell if this fails.
        let _ = writeln!(std::io::stderr(), "{words}");
    }));
}
