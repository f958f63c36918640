//! The words of `muster calendar`.

use clap::Subcommand;
use muster_protocol::time::{TimeOfDay, TradingDate};

/// What can be done with the exchange calendar.
#[derive(Debug, Subcommand)]
pub(crate) enum CalendarCommand {
    /// Holidays, special sessions and hours, with their sources and who changed what.
    #[command(after_help = "Examples:\n  muster calendar show\n  muster calendar show --json")]
    Show,
    /// Adds a holiday; with --from and --until a special session.
    #[command(
        after_help = "Examples:\n  muster calendar add 2026-12-03 Election --reason NSE/CMTR/99999\n  \
                      muster calendar add 2027-10-29 Muhurat --from 18:15 --until 19:15 --reason NSE/FAOP/99999"
    )]
    Add {
        /// Such as 2026-11-24.
        date: TradingDate,
        /// What the day is called.
        name: String,
        /// The session begins.
        #[arg(long, value_name = "TIME", requires = "until")]
        from: Option<TimeOfDay>,
        /// The session ends.
        #[arg(long, value_name = "TIME", requires = "from")]
        until: Option<TimeOfDay>,
        /// Why: the exchange's circular, for example.
        #[arg(long)]
        reason: String,
    },
    /// Makes a holiday or the day of a special session an ordinary day.
    #[command(
        after_help = "Examples:\n  muster calendar remove 2026-12-25 --reason NSE/CMTR/99999"
    )]
    Remove {
        /// Such as 2026-11-24.
        date: TradingDate,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Says the most units one order may hold by the exchange; without --most, that nothing is known.
    #[command(
        after_help = "Examples:\n  muster calendar freeze NFO:NIFTY --most 1800 --until 2026-12-31 --reason NSE/FAOP/99999\n  \
                      muster calendar freeze NFO:NIFTY --reason withdrawn"
    )]
    Freeze {
        /// EXCHANGE:NAME, the underlying of contracts or a share, such as NFO:NIFTY.
        name: String,
        /// Units.
        #[arg(long, value_name = "UNITS", requires = "until")]
        most: Option<u32>,
        /// The last date for which that is valid.
        #[arg(long, value_name = "DATE", requires = "most")]
        until: Option<TradingDate>,
        /// Why: the exchange's circular, for example.
        #[arg(long)]
        reason: String,
    },
    /// Says that holidays and special sessions are complete up to a date.
    #[command(after_help = "Examples:\n  muster calendar until 2027-12-31 --reason NSE/CMTR/99999")]
    Until {
        /// Such as 2027-12-31.
        date: TradingDate,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}
