//! Reading the audit while the daemon runs: beside the loop, from a snapshot of the store.

use std::sync::Arc;

use muster_protocol::audit::AuditVerified;
use muster_protocol::frame::{Code, Failure};
use muster_protocol::request::ListAudit;
use serde_json::Value;
use tokio::sync::oneshot;

use super::Engine;
use super::ask::to_value;
use crate::store::{Store, StoreError};

type Reply = oneshot::Sender<Result<Value, Failure>>;

/// The most entries in one reply.
const MAX_ENTRIES: u32 = 1_000;

impl Engine {
    /// Follows the chain from its beginning; with a hash that was kept elsewhere, looks for its entry.
    pub(super) fn verify_audit(&self, kept: Option<String>, reply: Reply) {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || {
            // The peer may have gone.
            drop(reply.send(verify(&store, kept.as_deref()).and_then(|held| to_value(&held))));
        });
    }

    pub(super) fn list_audit(&self, asked: &ListAudit, reply: Reply) {
        let store = Arc::clone(&self.store);
        let numbers = asked.after.saturating_add(1)..asked.before.unwrap_or(u64::MAX);
        let limit = asked.limit.min(MAX_ENTRIES);
        tokio::task::spawn_blocking(move || {
            let rows = store.audit_page(numbers, limit).map_err(|error| broken(&error));
            drop(reply.send(rows.and_then(|rows| to_value(&rows))));
        });
    }
}

fn verify(store: &Store, kept: Option<&str>) -> Result<AuditVerified, Failure> {
    let held = store.audit_held(kept).map_err(|error| broken(&error))?;
    if kept.is_some() && held.kept.is_none() {
        let why = "the chain holds, but no entry of it has this hash: entries were cut off or made anew after it was kept, or it was mistyped";
        return Err(Failure::new(Code::NotFound, why));
    }
    Ok(held)
}

fn broken(error: &StoreError) -> Failure {
    tracing::error!(%error, "the audit does not hold");
    Failure::new(Code::Internal, error.to_string())
}
