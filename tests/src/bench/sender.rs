//! The daemon's own way of sending, without the journal: the adapter, its client, so many calls at once.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use anyhow::Context;
use clap::Args;
use muster_protocol::ids::OrderTag;
use muster_protocol::money::Paise;
use muster_protocol::order::{Broker, Exchange, Leg};
use musterd::broker::base_url::BaseUrl;
use musterd::broker::http::{Http, Route, Timeouts, Tls};
use musterd::broker::{Auth, Endpoints, Leave, Order, adapter};
use musterd::domain::flight::MAX_IN_FLIGHT;
use musterd::domain::instrument::Instrument;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::fleet::Member;

/// How the sender is started; by `muster-bench` itself.
#[derive(Debug, Args)]
pub struct Sender {
    /// The accounts and their sessions.
    #[arg(long)]
    fleet: PathBuf,
    /// The authority of the sandbox's certificate.
    #[arg(long)]
    certificates: PathBuf,
    /// Kite's REST root.
    #[arg(long)]
    root: String,
}

/// What it came to.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) orders: u64,
    pub(super) failed: u64,
    pub(super) seconds: f64,
}

/// One leg for everybody, as the plan has it.
pub(super) fn leg() -> anyhow::Result<Leg> {
    Ok(serde_json::from_value(serde_json::json!({
        "exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 1,
        "product": "delivery", "price": {"rule": "limit", "price": 90_000}
    }))?)
}

/// Sends one order for each account and prints what that came to.
pub fn send(sender: &Sender) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let sent = runtime.block_on(send_all(sender))?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&sent)?)?;
    Ok(())
}

async fn send_all(sender: &Sender) -> anyhow::Result<Sent> {
    let fleet: Vec<Member> = serde_json::from_slice(&std::fs::read(&sender.fleet)?)?;
    let tls = Tls::new(Some(&std::fs::read(&sender.certificates)?)).context("TLS")?;
    let route = Route::default();
    let http = Http::new(&tls, &route, Timeouts::default()).context("a client")?;
    let root = BaseUrl::parse(&sender.root).context("the root")?;
    let endpoints = Endpoints { zerodha: root, ..Endpoints::default() };
    let adapter = adapter(Broker::Zerodha, &endpoints, http);
    let mut secrets = Vec::new();
    for member in &fleet {
        secrets.push((member.credential()?, member.session()));
    }
    let (secrets, leg) = (Arc::new(secrets), leg()?);
    let (next, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..MAX_IN_FLIGHT {
        let (adapter, secrets) = (Arc::clone(&adapter), Arc::clone(&secrets));
        let (next, failed, leg) = (Arc::clone(&next), Arc::clone(&failed), leg.clone());
        tasks.spawn(async move {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((credential, session)) = secrets.get(at) else { return };
                let tag = OrderTag(format!("BENCH{at:010}"));
                let (leg, leave) = (leg.clone(), Leave::default());
                let order = Order { leg, instrument: instrument(), tag, leave };
                if adapter.place(Auth { credential, session }, &order).await.is_err() {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    let seconds = began.elapsed().as_secs_f64();
    Ok(Sent { orders: fleet.len() as u64, failed: failed.load(Ordering::Relaxed), seconds })
}

fn instrument() -> Instrument {
    Instrument {
        exchange: Exchange::Nse,
        symbol: "SBIN".to_owned(),
        broker_symbol: "SBIN".to_owned(),
        token: "779521".to_owned(),
        tick: Paise(5),
        lot: 1.try_into().expect("one is not zero"),
    }
}
