//! The one thread that writes. What is queued while it commits goes into its next transaction
//! together: a hundred batches cost little more than one.

use std::io;
use std::iter;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use muster_protocol::event::JournalEntry;
use muster_protocol::status::AuditHead;

use super::{Batch, Placed, Store, StoreError, unjournalled};

/// What the writer has to say, in the order the batches were submitted.
#[derive(Debug)]
pub enum Report<T> {
    /// The batch is durable.
    Committed {
        /// What was submitted with the batch.
        note: T,
        /// The numbers of its records.
        records: Range<u64>,
        /// Its journal entries, numbered.
        journal: Vec<JournalEntry>,
        /// Where the audit chain stands after it, if it grew.
        audit: Option<AuditHead>,
    },
    /// A commit failed: what was not reported may be durable or not, and nothing more is written.
    /// It is the last report. The daemon sends no more orders and exits.
    Failed(StoreError),
}

/// The writer has failed before; nothing more is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store takes no more writes")]
pub struct WriterStopped;

/// The way to the writing thread.
pub struct Writer<T> {
    queue: Sender<(Batch, T)>,
    thread: JoinHandle<()>,
}

impl<T: Send + 'static> Writer<T> {
    /// Starts the thread; `report` is called on it.
    pub fn start(
        store: Arc<Store>,
        report: impl FnMut(Report<T>) + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, queued) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || write_all(&store, queued, report))?;
        Ok(Self { queue, thread })
    }

    /// Queues a batch. The note comes back with the report that it is durable.
    pub fn submit(&self, batch: Batch, note: T) -> Result<(), WriterStopped> {
        self.queue.send((batch, note)).map_err(|_| WriterStopped)
    }

    /// Writes what is queued, then ends the thread. Afterwards the store can be closed.
    pub fn stop(self) {
        drop(self.queue);
        // The thread does not panic by itself; a panic in `report` was printed by the panic hook.
        let _ = self.thread.join();
    }
}

fn write_all<T>(store: &Store, queued: Receiver<(Batch, T)>, mut report: impl FnMut(Report<T>)) {
    let mut committed = false;
    while let Some(first) = next(&queued, committed) {
        let mut group: Vec<(Batch, T)> =
            iter::once(first).chain(queued.try_iter()).take(GROUP).collect();
        let placed = match unjournalled::placed(group.iter_mut().map(|(batch, _)| batch)) {
            Some(unwritten) => Ok(unwritten),
            None => store.commit(group.iter_mut().map(|(batch, _)| batch)),
        };
        match placed {
            Ok(placed) => {
                committed = true;
                tracing::trace!(target: "musterd::commit", batches = group.len(), "durable");
                for (placed, (_, note)) in placed.into_iter().zip(group) {
                    let Placed { records, journal, audit } = placed;
                    report(Report::Committed { note, records, journal, audit });
                }
            }
            Err(error) => {
                // Before the report, so that whoever reads it can queue nothing more.
                drop(queued);
                return report(Report::Failed(error));
            }
        }
    }
}

/// What is written next. Where it comes right after a commit, more is waited for: in a run there is always
/// more, and two small commits cost nearly twice as much as one. Whatever comes later, as the first commit
/// of a run, waits for nothing.
fn next<T>(queued: &Receiver<T>, committed: bool) -> Option<T> {
    if committed {
        match queued.recv_timeout(LINGER) {
            Ok(first) => {
                thread::sleep(LINGER);
                return Some(first);
            }
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    queued.recv().ok()
}

const LINGER: Duration = Duration::from_millis(2);
/// Batches in one transaction at most, so that the first of them does not wait without bound.
const GROUP: usize = 4_096;
