//! `muster journal`.

use muster_protocol::event::{Delta, Feed, JournalEntry};
use muster_protocol::request::{JournalFilter, QueryJournal, Subscribe};

use super::{CommandError, Daemon, print, print::Printer};
use crate::app::screens::journal::line;
use crate::app::words::JournalWords;
use crate::cli::JournalArgs;

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
    let filter = words.clone().into_filter();
    if args.follow {
        // Before the question, so that nothing falls between the answer and the changes.
        daemon.client.call(Subscribe { journal_tail: 0 }).await?;
    }
    let mut last = show(daemon, args.after, (args.limit, &filter), printer).await?;
    if !args.follow {
        return Ok(());
    }
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
                    last = show(daemon, last, (1_000, &filter), printer).await?;
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
                last = show(daemon, last, (1_000, &filter), printer).await?;
            }
        }
    }
}

/// Shows what is there after `after`; returns the number of the last entry.
async fn show(
    daemon: &Daemon,
    after: u64,
    (limit, filter): (u32, &JournalFilter),
    printer: &Printer,
) -> Result<u64, CommandError> {
    let filter = filter.clone();
    let entries = daemon.client.call(QueryJournal { after, limit, filter }).await?;
    for entry in &entries {
        one(entry, *printer)?;
    }
    Ok(entries.last().map_or(after, |entry| entry.seq))
}

fn one(entry: &JournalEntry, printer: Printer) -> Result<(), CommandError> {
    if printer.is_json() {
        print::json("entry", entry)
    } else {
        print::line(format!("{} {}", entry.at.date(), line(entry)))
    }
}
