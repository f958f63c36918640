//! The words of `muster run`.

use clap::Subcommand;

/// What can be asked about runs.
#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// The runs of the last days.
    List,
    /// One run with its orders, by PLAN@DATE.
    Show { run: String },
    /// Settles an order in doubt by what you found out at the broker.
    Resolve {
        /// The run, PLAN@DATE.
        run: String,
        /// The account's number.
        account: u32,
        /// The leg, from 1.
        leg: u8,
        /// The broker has it, under this number.
        #[arg(long, value_name = "ORDER", group = "verdict")]
        found: Option<String>,
        /// The broker does not have it, and it is not wanted any more.
        #[arg(long, group = "verdict")]
        not_placed: bool,
        /// The broker does not have it: send it once more.
        #[arg(long, group = "verdict")]
        send_again: bool,
    },
}
