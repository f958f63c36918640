//! Reports of changed orders, sent to the address an app has named. Whether the broker repeats,
//! delays or loses one is not known: the rules make it do all three.

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::rows;
use crate::sandbox::exchange::order::{Order, Stage};
use crate::sandbox::people::account::{Account, Broker};
use crate::sandbox::world::State;

/// One report on its way.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) url: String,
    pub(crate) body: String,
}

/// Whether anybody wants reports.
pub(crate) fn are_wanted(state: &State) -> bool {
    state.accounts.iter().any(|account| wants(account).is_some())
}

/// What is to be reported by now, in the order in which it happened.
pub(crate) fn due(state: &mut State, now: Timestamp) -> Vec<Report> {
    let delay = i64::try_from(state.rules.postback_delay_ms).unwrap_or(i64::MAX);
    let until = now.checked_sub(SignedDuration::from_millis(delay)).unwrap_or(now);
    let copies = usize::try_from(state.rules.postback_copies).unwrap_or(1);
    let mut reports = Vec::new();
    for account in &state.accounts {
        let Some(url) = wants(account) else { continue };
        for order in state.book.of_account_mut(Broker::Kite, &account.id) {
            let changes = changes(order, until);
            order.reported_until = Some(until);
            for (look, status) in changes {
                let body = payload(account, &rows::order(&look, &state.market), status, &look);
                let report = Report { url: url.to_owned(), body: body.to_string() };
                reports.extend(std::iter::repeat_n(report, copies));
            }
        }
    }
    reports
}

fn wants(account: &Account) -> Option<&str> {
    account.postback_url.as_deref().filter(|_| account.broker == Broker::Kite)
}

/// Ends, changes and partial fills since the last report.
fn changes(order: &Order, until: Timestamp) -> Vec<(Order, &'static str)> {
    let fresh = |at: Timestamp| at <= until && order.reported_until.is_none_or(|last| at > last);
    let mut moments: Vec<Timestamp> = order.fills.iter().map(|fill| fill.at).collect();
    moments.extend(order.history.iter().filter(|step| is_reported(step.stage)).map(|step| step.at));
    moments.sort();
    moments.dedup();
    let looks = moments.into_iter().filter(|at| fresh(*at)).filter_map(|at| order.as_of(at));
    looks.map(|look| (status(look.stage), look)).map(|(status, look)| (look, status)).collect()
}

const fn is_reported(stage: Stage) -> bool {
    stage.is_terminal() || matches!(stage, Stage::Modified)
}

const fn status(stage: Stage) -> &'static str {
    match stage {
        Stage::Complete => "COMPLETE",
        Stage::Rejected => "REJECTED",
        Stage::Cancelled | Stage::CancelledAfterHours => "CANCELLED",
        _ => "UPDATE",
    }
}

/// The order's row without its tags, and who is told. The checksum proves that the broker sent it.
fn payload(account: &Account, row: &Value, status: &str, order: &Order) -> Value {
    let stamp = row["order_timestamp"].as_str().unwrap_or_default();
    let proof = Sha256::digest(format!("{}{stamp}{}", order.id, account.api_secret));
    let mut body = row.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("tags");
        body.remove("modified");
    }
    body["user_id"] = json!(account.id);
    body["app_id"] = json!(1234);
    body["status"] = json!(status);
    body["unfilled_quantity"] = json!(order.unfilled());
    body["checksum"] = json!(HEXLOWER.encode(&proof));
    body
}
