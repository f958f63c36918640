//! The words of `muster wait`.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::journal::span;

/// What is waited for, and how long.
#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    /// How long at most, such as 90s, 5m or 1h; without it, for ever.
    #[arg(long, global = true, value_name = "SPAN", value_parser = timeout)]
    pub(crate) timeout: Option<Duration>,
    #[command(subcommand)]
    pub(crate) what: WaitFor,
}

/// What is waited for.
#[derive(Debug, Subcommand)]
pub(crate) enum WaitFor {
    /// Until the daemon answers.
    #[command(after_help = "Examples:\n  muster wait daemon --timeout 30s")]
    Daemon,
    /// Until the vault is open.
    #[command(after_help = "Examples:\n  muster wait unsealed --timeout 5m")]
    Unsealed,
    /// Until everybody who takes part is fit for the next run, or these accounts are.
    ///
    /// Ends with 6 and the names and reasons of who is not fit when the time is over.
    #[command(
        after_help = "Examples:\n  muster wait fit --timeout 10m\n  muster wait fit asha.k bharat.m/zerodha --json"
    )]
    Fit {
        /// Their numbers, their users, or user/broker.
        accounts: Vec<String>,
    },
    /// Until a run is over.
    ///
    /// Ends with 0 if every order was accepted or rehearsed, and with 1 if one was not, or the run was
    /// MISSED.
    #[command(
        after_help = "Examples:\n  muster wait closed btst --timeout 1h\n  muster wait closed btst@2026-11-23 --json"
    )]
    Closed {
        /// PLAN@DATE; or PLAN for its run of today: the one under way, else the one to come, else the last.
        run: String,
    },
}

fn timeout(text: &str) -> Result<Duration, String> {
    let millis = span(text).and_then(|millis| u64::try_from(millis).ok());
    millis.map(Duration::from_millis).ok_or_else(|| "write 90s, 5m, 1h or 1d".to_owned())
}
