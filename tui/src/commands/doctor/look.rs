//! What the doctor sees through the socket.

use muster_protocol::account::AccountView;
use muster_protocol::event::Level;
use muster_protocol::plan::PlanView;
use muster_protocol::reply::Welcome;
use muster_protocol::request::{
    House, JournalFilter, ListAccounts, ListPlans, ListRuns, QueryJournal, Status,
};
use muster_protocol::run::RunView;
use muster_protocol::status::StatusView;
use muster_protocol::time::{DAY, Timestamp};
use tokio::time::Instant;

use super::super::{CommandError, Daemon};

/// Everything a diagnosis is made from; nothing else is asked.
pub(super) struct Seen {
    /// This machine's clock, at the moment of the daemon's hello.
    pub(super) here: Timestamp,
    /// Until the daemon had answered hello, in milliseconds.
    pub(super) answered_ms: u64,
    pub(super) welcome: Welcome,
    pub(super) status: StatusView,
    pub(super) accounts: Vec<AccountView>,
    pub(super) plans: Vec<PlanView>,
    pub(super) runs: Vec<RunView>,
    /// When a backup was last made, if that is known.
    pub(super) backup: Option<Timestamp>,
    /// Errors in the journal of the last day.
    pub(super) errors: usize,
}

/// Asks for all of it.
pub(super) async fn look(daemon: &Daemon, begun: Instant) -> Result<Seen, CommandError> {
    let client = &daemon.client;
    let welcome = client.welcome().clone();
    let here = here();
    let answered_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = client.call(Status {}).await?;
    let errors = JournalFilter {
        level: Some(Level::Error),
        since: Some(status.now.plus(-DAY)),
        ..JournalFilter::default()
    };
    let errors = client.call(QueryJournal { after: 0, limit: 1_000, filter: errors }).await?;
    Ok(Seen {
        here,
        answered_ms,
        welcome,
        status,
        accounts: client.call(ListAccounts {}).await?,
        plans: client.call(ListPlans {}).await?,
        runs: client.call(ListRuns {}).await?,
        backup: client.call(House {}).await?.backup,
        errors: errors.len(),
    })
}

#[expect(clippy::disallowed_methods, reason = "an edge: the two clocks are compared")]
fn here() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    Timestamp::from_millis(millis)
}
