//! The terminal client's program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    muster_tui::main()
}
