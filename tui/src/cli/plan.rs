//! The words of `muster plan`.

use std::path::PathBuf;

use clap::Subcommand;

/// What can be done with plans.
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Every plan.
    #[command(after_help = "Examples:\n  muster plan list\n  muster plan list --json")]
    List,
    /// One plan in full, with what there is to know of it.
    #[command(after_help = "Examples:\n  muster plan show btst\n  muster plan show btst --json")]
    Show {
        /// The plan.
        plan: String,
    },
    /// The plan as a file: TOML, as put takes it.
    #[command(after_help = "Examples:\n  muster plan get btst > btst.toml")]
    Get {
        /// The plan.
        plan: String,
        /// TOML, which is what is written unless --json is given.
        #[arg(long)]
        toml: bool,
    },
    /// Says what is wrong with a plan file and keeps nothing.
    ///
    /// With a daemon, also against the brokers' lists of instruments and the exchange calendar. Ends with
    /// 1 if the plan would be refused.
    #[command(
        after_help = "Examples:\n  muster plan check btst.toml\n  muster plan check btst.toml --json"
    )]
    Check {
        /// The plan's file, TOML.
        file: PathBuf,
    },
    /// What putting the file would change; ends with 1 if anything.
    #[command(after_help = "Examples:\n  muster plan diff btst.toml")]
    Diff {
        /// The plan's file, TOML.
        file: PathBuf,
    },
    /// Makes or changes a plan; it is dry-run until armed.
    #[command(after_help = "Examples:\n  muster plan put btst.toml")]
    Put {
        /// The plan's file, TOML.
        file: PathBuf,
    },
    /// Sends the plan's orders for real from its next run on.
    #[command(
        after_help = "Examples:\n  muster plan arm btst --live\n  muster plan arm btst --live --confirm btst"
    )]
    Arm {
        /// The plan.
        plan: String,
        /// For real; without it nothing is done.
        #[arg(long)]
        live: bool,
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
    /// Forgets the plan; its runs stay.
    #[command(
        after_help = "Examples:\n  muster plan remove btst\n  muster plan remove btst --confirm btst"
    )]
    Remove {
        /// The plan.
        plan: String,
        /// The plan's name once more; asked for at a terminal.
        #[arg(long, value_name = "PLAN")]
        confirm: Option<String>,
    },
}
