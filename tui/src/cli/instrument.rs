//! What can be asked about instruments.

use clap::Subcommand;

/// What can be asked about instruments.
#[derive(Debug, Subcommand)]
pub(crate) enum InstrumentCommand {
    /// Those whose symbol or name holds every word, the nearest first.
    #[command(
        after_help = "Examples:\n  muster instrument search sbin\n  muster instrument search -n 5 nfo:nifty fut"
    )]
    Search {
        /// So many at most.
        #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
        /// Words such as sbin, nfo:nifty fut.
        #[arg(required = true)]
        text: Vec<String>,
    },
}
