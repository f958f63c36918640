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
        /// PLAN@DATE, PLAN@DATE.2 for the second of that date, or PLAN for its newest run.
        run: String,
    },
    /// Has a plan run now, once: live or dry as it is armed.
    #[command(after_help = "Examples:\n  muster run now btst --instead\n  \
                      muster run now btst --extra --confirm btst@2026-11-23.2")]
    Now(NowArgs),
    /// Settles an order in doubt by what you found out at the broker.
    #[command(
        after_help = "Examples:\n  muster run resolve btst@2026-11-23 7 1 --found 251123000000123\n  \
                      muster run resolve btst@2026-11-23 7 1 --not-placed\n  \
                      muster run resolve btst@2026-11-23 7 1 --send-again"
    )]
    Resolve(ResolveArgs),
}

/// Which plan, and what becomes of its next firing of today.
#[derive(Debug, Args)]
pub(crate) struct NowArgs {
    /// The plan.
    pub(crate) plan: String,
    /// In the place of its next firing of today, which does not happen then.
    #[arg(long, group = "called")]
    pub(crate) instead: bool,
    /// One more: its next firing of today happens as well.
    #[arg(long, group = "called")]
    pub(crate) extra: bool,
    /// The run's name, given once more; without it you are asked. Said twice, it still runs once.
    #[arg(long, value_name = "RUN")]
    pub(crate) confirm: Option<String>,
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
