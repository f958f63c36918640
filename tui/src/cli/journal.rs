//! The words of `muster journal`.

use clap::Args;

/// Which entries of the journal.
#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    /// Goes on with new entries until interrupted.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// The newest so many, at most 1000.
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
    /// Only entries after this number.
    #[arg(long, default_value_t = 0)]
    pub(crate) after: u64,
    /// Words such as broker:angel level>=warn user:asha.k area:order, and plain text.
    pub(crate) words: Vec<String>,
}
