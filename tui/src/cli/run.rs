//! The words of `muster run`.

use clap::{Args, Subcommand};

/// What can be asked about runs.
#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// The runs of the last days.
    #[command(after_help = "Examples:\n  muster run list\n  muster run list --json")]
    List,
    /// One run with its orders.
    #[command(
        after_help = "Examples:\n  muster run show btst\n  muster run show btst@2026-11-23 --json"
    )]
    Show {
        /// PLAN@DATE, or PLAN for its newest run.
        run: String,
    },
    /// Settles an order in doubt by what you found out at the broker.
    #[command(
        after_help = "Examples:\n  muster run resolve btst@2026-11-23 7 1 --found 251123000000123\n  \
                      muster run resolve btst@2026-11-23 7 1 --not-placed\n  \
                      muster run resolve btst@2026-11-23 7 1 --send-again"
    )]
    Resolve(ResolveArgs),
}

/// Which order, and what was found out.
#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    /// The run, PLAN@DATE.
    pub(crate) run: String,
    /// The account's number.
    pub(crate) account: u32,
    /// The leg, from 1.
    pub(crate) leg: u8,
    /// The broker has it, under this number.
    #[arg(long, value_name = "ORDER", group = "verdict")]
    pub(crate) found: Option<String>,
    /// The broker does not have it, and it is not wanted any more.
    #[arg(long, group = "verdict")]
    pub(crate) not_placed: bool,
    /// The broker does not have it: send it once more.
    #[arg(long, group = "verdict")]
    pub(crate) send_again: bool,
}
