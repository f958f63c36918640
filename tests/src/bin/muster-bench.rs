//! The benchmarks: `muster-bench fanout --accounts 10000 [--json]`, `muster-bench terminal` and the others.
//! Build it with `--release`; docs/performance.md says what the figures mean.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use muster_tests::bench;

/// Measures Muster against the sandbox on this machine.
#[derive(Debug, Parser)]
#[command(name = "muster-bench", version)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// One order for each of many accounts, at one instant, over TLS, with the journal.
    Fanout(bench::Fanout),
    /// The terminal client: first frame, bytes, keys, journal.
    Terminal {
        /// Prints nothing but the JSON object.
        #[arg(long)]
        json: bool,
    },
    /// How long a store takes to open after its writer was killed.
    Open(bench::Open),
    /// The client itself, for `terminal` to run on a terminal of its own.
    #[command(hide = true)]
    Client {
        /// Its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// The daemon of a bench.
    #[command(hide = true)]
    Musterd(bench::Life),
    /// The daemon's way of sending without the journal.
    #[command(hide = true)]
    Sender(bench::Sender),
    /// A writer to be killed.
    #[command(hide = true)]
    Rows(bench::Writing),
}

fn terminal(json: bool) -> anyhow::Result<()> {
    let figures = bench::terminal::measure(json)?;
    let line = serde_json::to_string(&figures)?;
    // A closed pipe is no failure of the figures.
    drop(writeln!(std::io::stdout(), "{line}"));
    Ok(())
}

fn main() -> ExitCode {
    let done = match Arguments::parse().what {
        What::Fanout(what) => bench::fanout(&what),
        What::Terminal { json } => terminal(json),
        What::Open(what) => bench::open(&what),
        What::Client { arguments } => {
            let program = OsString::from("muster");
            return muster_tui::main_with(std::iter::once(program).chain(arguments));
        }
        What::Musterd(what) => bench::live(&what),
        What::Sender(what) => bench::send(&what),
        What::Rows(what) => bench::fill(&what),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "muster-bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
