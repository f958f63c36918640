//! `muster journal`.

use muster_protocol::event::{Delta, Feed, JournalEntry};
use muster_protocol::request::{JournalFilter, QueryJournal, Subscribe};

use super::{CommandError, Daemon, print, print::Printer};
use crate::app::screens::journal::line;
use crate::app::words::JournalWords;
use crate::cli::JournalArgs;

/// The most entries the daemon sends at once.
const PAGE: u32 = 1_000;

/// Entries of the journal; with `-f` also those to come.
pub(super) async fn journal(
    daemon: &mut Daemon,
    args: &JournalArgs,
    printer: &Printer,
) -> Result<(), CommandError> {
    let words = JournalWords::parse(&args.words.join(" "));
    if let Some(problem) = words.problem {
        return Err(CommandError::Usage(problem));
    }
    let mut filter = words.into_filter();
    let now = daemon.client.welcome().now;
    filter.since = args.since.map(|when| when.instant(now));
    filter.until = args.until.map(|when| when.instant(now));
    if filter.since.zip(filter.until).is_some_and(|(since, until)| since >= until) {
        return Err(CommandError::Usage("--since must be earlier than --until".to_owned()));
    }
    if args.follow {
        // Before the question, so that nothing falls between the answer and the changes.
        daemon.client.call(Subscribe { journal_tail: 0 }).await?;
    }
    let last = show(daemon, args.after, (args.limit, &filter), printer).await?;
    if args.follow { follow(daemon, last, &filter, printer).await } else { Ok(()) }
}

async fn follow(
    daemon: &mut Daemon,
    mut last: u64,
    filter: &JournalFilter,
    printer: &Printer,
) -> Result<(), CommandError> {
    let mut expected = None;
    loop {
        let Some(item) = daemon.feed.recv().await else {
            return Err(CommandError::NoDaemon("the connection was lost".to_owned()));
        };
        match item {
            Feed::Delta { seq, delta } => {
                let gap = expected.is_some_and(|expected| expected != seq);
                expected = Some(seq.saturating_add(1));
                if gap {
                    last = show(daemon, last, (u32::MAX, filter), printer).await?;
                } else if let Delta::Journal(entry) = *delta
                    && entry.seq > last
                {
                    last = entry.seq;
                    if filter.admits(&entry) {
                        one(&entry, *printer)?;
                    }
                }
            }
            Feed::Resync { seq, .. } => {
                expected = Some(seq.saturating_add(1));
                last = show(daemon, last, (u32::MAX, filter), printer).await?;
            }
        }
    }
}

/// Shows the newest so many after `after`; returns the number of the last entry. They are asked for page
/// by page, backwards, and shown forwards.
async fn show(
    daemon: &Daemon,
    after: u64,
    (limit, filter): (u32, &JournalFilter),
    printer: &Printer,
) -> Result<u64, CommandError> {
    let (mut pages, mut left, mut filter) = (Vec::new(), limit, filter.clone());
    while left > 0 {
        let wanted = left.min(PAGE);
        let query = QueryJournal { after, limit: wanted, filter: filter.clone() };
        let page = daemon.client.call(query).await?;
        let found = u32::try_from(page.len()).unwrap_or(u32::MAX);
        filter.before = page.first().map(|entry| entry.seq);
        pages.push(page);
        if found < wanted {
            break;
        }
        left = left.saturating_sub(found);
    }
    let newest = pages.first().and_then(|page| page.last()).map_or(after, |entry| entry.seq);
    for entry in pages.iter().rev().flatten() {
        one(entry, *printer)?;
    }
    Ok(newest)
}

fn one(entry: &JournalEntry, printer: Printer) -> Result<(), CommandError> {
    if printer.is_json() {
        print::json("entry", entry)
    } else {
        print::line(format!("{} {}", entry.at.date(), line(entry)))
    }
}
