//! What a run was, from what is durable and from the broker's books.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};

use muster_protocol::ids::{IntentId, OrderTag};
use muster_protocol::time::Timestamp;
use musterd::domain::intent::IntentEvent;
use musterd::domain::record::Record;
use musterd::domain::run::RunEvent;
use musterd::store::{Batch, Store, Writer, decode, encode};
use tokio::time::Instant;

use super::fleet::Place;
use crate::sandbox::OrderRecord;

/// The figures of one run.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) orders_per_s: Option<f64>,
    pub(super) plan_commit_ms: f64,
    pub(super) first_order_ms: i64,
    pub(super) p50_ms: i64,
    pub(super) p99_ms: i64,
    pub(super) duplicates: u64,
    pub(super) lost: u64,
}

/// Orders a second, from the run's instant to the last arrival at the broker.
pub(super) fn arrivals_per_s(orders: &[OrderRecord], fire: Timestamp) -> Option<f64> {
    let last = arrivals(orders).max()?;
    #[expect(clippy::cast_precision_loss, reason = "thousands of orders, seconds in milliseconds")]
    Some(orders.len() as f64 * 1e3 / last.since(fire).max(1) as f64)
}

fn arrivals(orders: &[OrderRecord]) -> impl Iterator<Item = Timestamp> {
    orders.iter().filter_map(|order| order.received_at.parse().ok())
}

/// What the records say.
#[derive(Debug, Default)]
struct Said {
    tags: Vec<OrderTag>,
    sent: BTreeMap<IntentId, Timestamp>,
    took: Vec<i64>,
    accepted: u64,
    last: Option<Timestamp>,
    frozen: Option<Record>,
}

pub(super) fn measure(
    place: &Place,
    orders: &[OrderRecord],
    fire: Timestamp,
) -> anyhow::Result<Measured> {
    let store = Store::open(&place.store())?;
    let mut said = Said::default();
    for bytes in store.records()? {
        said.hear(decode(&bytes)?);
    }
    store.close()?;
    said.took.sort_unstable();
    let at = |percent: usize| said.took.get(said.took.len() * percent / 100).copied().unwrap_or(0);
    let first = arrivals(orders).min().map_or(0, |first| first.since(fire));
    let mut by_tag: BTreeMap<&str, u64> = BTreeMap::new();
    for order in orders {
        *by_tag.entry(order.tag.as_deref().unwrap_or_default()).or_default() += 1;
    }
    let known = said.tags.iter().filter(|tag| by_tag.contains_key(tag.0.as_str())).count() as u64;
    let surplus: u64 = by_tag.values().map(|orders| orders - 1).sum();
    let strange = (by_tag.len() as u64).saturating_sub(known);
    #[expect(clippy::cast_precision_loss, reason = "thousands of orders, seconds in milliseconds")]
    let rate = |last: Timestamp| said.accepted as f64 * 1e3 / last.since(fire).max(1) as f64;
    Ok(Measured {
        orders_per_s: said.last.map(rate),
        plan_commit_ms: said.frozen.as_ref().map(commit_ms).transpose()?.unwrap_or_default(),
        first_order_ms: first,
        p50_ms: at(50),
        p99_ms: at(99),
        duplicates: surplus + strange,
        lost: said.accepted.abs_diff(known),
    })
}

impl Said {
    fn hear(&mut self, record: Record) {
        match record {
            Record::Run(_, RunEvent::Frozen { ref fixed, .. }) => {
                let tags = fixed.participants.iter().flat_map(|part| &part.tags);
                self.tags.extend(tags.map(|(_, tag)| tag.clone()));
                self.frozen = Some(record);
            }
            Record::Intent(id, IntentEvent::Sending { at, .. }) => drop(self.sent.insert(id, at)),
            Record::Intent(id, IntentEvent::Accepted { at, .. }) => {
                self.accepted += 1;
                self.took.extend(self.sent.get(&id).map(|sent| at.since(*sent)));
                self.last = self.last.max(Some(at));
            }
            _ => {}
        }
    }
}

/// How long the freeze takes from the record to the report that it is durable, on a store of its own on
/// the same disk.
fn commit_ms(frozen: &Record) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let store = Arc::new(Store::open(&folder.path().join("store.redb"))?);
    let (reports, reported) = mpsc::channel();
    let writer = Writer::start(Arc::clone(&store), move |report| drop(reports.send(report)))?;
    let mut best = f64::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        let batch = Batch { records: vec![encode(frozen)], ..Batch::default() };
        writer.submit(batch, ())?;
        drop(reported.recv()?);
        best = best.min(began.elapsed().as_secs_f64() * 1e3);
    }
    writer.stop();
    Ok(best)
}
