//! `muster-bench`: prints figures beside their goals; the last line is one JSON object. Run it with
//! `--release`, on a machine that does nothing else.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use muster_tests::bench;

/// Measures what is promised in numbers.
#[derive(Debug, Parser)]
#[command(name = "muster-bench", version)]
struct Arguments {
    /// Prints nothing but the JSON object.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The terminal client: first frame, bytes, keys, journal.
    Terminal,
    /// The client itself, for `terminal` to run on a terminal of its own.
    #[command(hide = true)]
    Client {
        /// Its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let Arguments { json, what } = Arguments::parse();
    let figures = match what {
        What::Client { arguments } => {
            let program = OsString::from("muster");
            return muster_tui::main_with(std::iter::once(program).chain(arguments));
        }
        What::Terminal => bench::terminal::measure(json),
    };
    let line = figures.and_then(|figures| Ok(serde_json::to_string(&figures)?));
    match line {
        Ok(line) => {
            // A closed pipe is no failure of the figures.
            drop(writeln!(std::io::stdout(), "{line}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            drop(writeln!(std::io::stderr(), "muster-bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
