//! The words of `muster plan`.

use std::path::PathBuf;

use clap::Subcommand;

/// What can be done with plans.
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Every plan.
    List,
    /// Makes or changes a plan; it is dry-run until armed.
    Put { file: PathBuf },
    /// Sends the plan's orders for real from its next run on.
    Arm {
        plan: String,
        /// The plan's name once more; asked for at a terminal.
        #[arg(long, value_name = "PLAN")]
        confirm: Option<String>,
    },
    /// Back to dry-run: no order is sent.
    Disarm { plan: String },
}
