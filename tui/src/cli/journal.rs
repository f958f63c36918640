//! The words of `muster journal`, and how a moment in the past is written.

use std::str::FromStr;

use clap::Args;
use muster_protocol::time::{DAY, MINUTE, SECOND, TimeOfDay, Timestamp, TradingDate};

pub(super) const EXAMPLES: &str = "Examples:\n  muster journal\n  muster journal --follow\n  \
    muster journal --since 15:05 --until 15:20 area:order\n  \
    muster journal --since 7d -n 5000 level:warn user:asha.k --json\n  \
    muster journal run:btst@2026-11-23 timeout";

/// Which entries of the journal.
#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    /// Goes on with new entries until interrupted.
    #[arg(short, long, conflicts_with = "until")]
    pub(crate) follow: bool,
    /// The newest so many, at most 100000.
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// Only entries after this number.
    #[arg(long, default_value_t = 0)]
    pub(crate) after: u64,
    /// Not before this moment: 15:05, 2h, 7d, today, yesterday, 2026-11-23, or RFC 3339.
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,
    /// Before this moment, written the same way.
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<When>,
    /// Words such as broker:angel level>=warn user:asha.k area:order, and plain text.
    pub(crate) words: Vec<String>,
}

/// A moment as people write it, in exchange time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// That instant.
    At(Timestamp),
    /// So many milliseconds ago.
    Ago(i64),
    /// Today at this time.
    Today(TimeOfDay),
    /// The beginning of a day so many days ago.
    DaysAgo(i64),
    /// The beginning of that date.
    Date(TradingDate),
}

impl When {
    /// The instant, seen from now.
    pub(crate) fn instant(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(millis) => now.plus(millis.saturating_neg()),
            Self::Today(time) => now.date().at(time),
            Self::DaysAgo(days) => {
                let then = now.plus(days.saturating_mul(DAY).saturating_neg());
                then.date().at(TimeOfDay::hm(0, 0))
            }
            Self::Date(date) => date.at(TimeOfDay::hm(0, 0)),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text {
            "today" => Some(Self::DaysAgo(0)),
            "yesterday" => Some(Self::DaysAgo(1)),
            _ => None,
        };
        parsed
            .or_else(|| span(text).map(Self::Ago))
            .or_else(|| text.parse().ok().map(Self::Today))
            .or_else(|| text.parse().ok().map(Self::Date))
            .or_else(|| text.parse().ok().map(Self::At))
            .ok_or_else(|| {
                "write 15:05, 2h, 7d, today, yesterday, 2026-11-23, or an RFC 3339 time".to_owned()
            })
    }
}

/// `90s`, `5m`, `2h`, `7d` in milliseconds.
pub(super) fn span(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => SECOND,
        'm' => MINUTE,
        'h' => 60 * MINUTE,
        'd' => DAY,
        _ => return None,
    };
    let number = text.get(..text.len().checked_sub(1)?)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<i64>().ok()?.checked_mul(unit)
}
