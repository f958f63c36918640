//! What is said when a part of the client panics, and where: on standard error, which is the screen's as long
//! as the screen is shown.

use std::backtrace::Backtrace;
use std::io::Write;
use std::panic::PanicHookInfo;

use muster_protocol::last_words::last_words;

/// From now on panics say where they were, and nothing that was made at run time: what is typed into a field
/// may be a secret.
pub(crate) fn quiet_panics() {
    std::panic::set_hook(Box::new(say));
}

/// Says it.
pub(crate) fn say(info: &PanicHookInfo<'_>) {
    let words = last_words("muster", info, &Backtrace::capture());
    // There is nobody left to tell if this fails.
    let _ = writeln!(std::io::stderr(), "{words}");
}
