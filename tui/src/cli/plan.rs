//! The words of `muster plan`.

use std::path::PathBuf;

use clap::Subcommand;

/// What can be done with plans.
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Every plan.
    #[command(after_help = "Examples:\n  muster plan list\n  muster plan list --json")]
    List,
    /// Makes or changes a plan; it is dry-run until armed.
    #[command(after_help = "Examples:\n  muster plan put btst.toml")]
    Put {
        /// The plan's file, TOML.
        file: PathBuf,
    },
    /// Sends the plan's orders for real from its next run on.
    #[command(
        after_help = "Examples:\n  muster plan arm btst\n  muster plan arm btst --confirm btst"
    )]
    Arm {
        /// The plan.
        plan: String,
        /// The plan's name once more; asked for at a terminal.
        #[arg(long, value_name = "PLAN")]
        confirm: Option<String>,
    },
    /// Back to dry-run: no order is sent.
    #[command(after_help = "Examples:\n  muster plan disarm btst")]
    Disarm {
        /// The plan.
        plan: String,
    },
}
