//! People made up in any number, with the protocol's own words.

use muster_protocol::account::AccountView;
use muster_protocol::event::{JournalEntry, Snapshot};
use serde_json::json;

/// One account; `round` moves what changes often.
pub fn account(number: u32, round: u64) -> AccountView {
    let broker = if number.is_multiple_of(2) { "angel_one" } else { "zerodha" };
    let fit = !number.is_multiple_of(7);
    let fitness = if fit {
        json!({"is": "fit"})
    } else {
        json!({"is": "unfit", "reasons": [{"reason": "login_due"}]})
    };
    let status = if fit { json!({"is": "active"}) } else { json!({"is": "login_due"}) };
    let value = json!({
        "id": number + 1,
        "user": format!("person{number:05}"),
        "broker": broker,
        "client_id": format!("A{number:06}"),
        "holder": format!("PERSON {number}"),
        "egress": "main",
        "active": true,
        "auto_execute": !number.is_multiple_of(5),
        "status": status,
        "permission": {"verdict": "allowed"},
        "session": {
            "state": "live",
            "since": "2026-11-23T09:00:00+05:30",
            "until": "2026-11-23T23:59:00+05:30"
        },
        "last_ok": "2026-11-23T14:50:00+05:30",
        "latency_ms": 40 + (u64::from(number) * 7 + round) % 300,
        "fitness": fitness,
        "history": [],
        "connected_at": "2026-10-23T09:00:00+05:30"
    });
    serde_json::from_value(value).expect("the literal above is an account; every figure reads it")
}

/// So many accounts, ten minutes before a run.
pub fn snapshot(accounts: u32) -> Snapshot {
    let value = json!({
        "status": {
            "version": env!("CARGO_PKG_VERSION"),
            "started": "2026-11-11T09:00:00+05:30",
            "now": "2026-11-23T15:00:00+05:30",
            "vault": "open",
            "market": "open",
            "calendar_until": "2027-12-31",
            "next_run": {"plan": "btst", "at": "2026-11-23T15:10:00+05:30", "mode": "live"},
            "egress": [{
                "name": "main",
                "address": "98.88.173.81",
                "observed": {"address": "98.88.173.81", "at": "2026-11-23T14:59:50+05:30"},
                "accounts": accounts
            }],
            "counts": {"fit": accounts, "unfit": 0, "off": 0}
        },
        "accounts": [],
        "plans": [],
        "runs": [],
        "intents": [],
        "checks": [],
        "journal": []
    });
    let empty: Snapshot = serde_json::from_value(value)
        .expect("the literal above is a snapshot; every figure reads it");
    let journal = vec![entry(1)];
    Snapshot { accounts: (0..accounts).map(|n| account(n, 0)).collect(), journal, ..empty }
}

/// One entry of a long day.
pub fn entry(seq: u64) -> JournalEntry {
    let value = json!({
        "seq": seq,
        "at": "2026-11-23T15:00:00+05:30",
        "level": "info",
        "area": "check",
        "user": "asha.k",
        "text": format!("entry {seq} of a long day, as long as entries usually are")
    });
    serde_json::from_value(value).expect("the literal above is an entry; every figure reads it")
}
