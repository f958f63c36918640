//! Killed around a cancellation: orders that rest at the exchange, a halt that cancels what is open, and a
//! daemon that dies while it asks for that.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use muster_protocol::halt::HaltScope;
use muster_protocol::ids::RunId;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{Halt, Resume, Status};
use muster_protocol::run::RunState;
use tokio::time::Instant;

use super::check::{self, Count};
use super::ground::{Death, Ground};
use super::victim::Victim;
use crate::sandbox::{Broker, LimitFills, Operation, OrderRecord, Rules};

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// How one life ended.
enum End {
    Died,
    Over(Vec<RunDetails>),
}

impl Ground {
    /// A pair of runs whose orders fill never, and a halt that cancels them, over as many lives as it
    /// takes; what it came to, and how many of the deaths came. In the end nothing is open at the brokers.
    pub(super) async fn cancelled(&mut self, deaths: Vec<Death>) -> anyhow::Result<(Count, usize)> {
        let runs = self.prepare().await?;
        let (orders, calls) = (self.world.sandbox.orders().len(), self.calls());
        let asked = self.cancel_calls();
        let never = Rules { limit_fills: LimitFills::Never, ..Rules::default() };
        self.world.sandbox.set_rules(never);
        let (mut deaths, mut died, mut acknowledged, mut lives) = (deaths.into_iter(), 0, false, 0);
        let details = loop {
            let death = deaths.next().unwrap_or(Death::Never);
            lives += 1;
            let end = self.live_halted(&runs, death, &mut acknowledged).await;
            match end.with_context(|| self.last_words())? {
                End::Died => died += 1,
                End::Over(details) => break details,
            }
        };
        self.world.sandbox.set_rules(Rules::default());
        self.next_pair();
        let orders = self.world.sandbox.orders().split_off(orders);
        let open = |order: &&OrderRecord| !order.status.eq_ignore_ascii_case("cancelled");
        let open: Vec<_> = orders.iter().filter(open).collect();
        ensure!(open.is_empty(), "still open: {open:#?}\n{}", self.last_words());
        // Asked for again only by another life, and at most once in each.
        let asked = self.cancel_calls() - asked;
        ensure!(asked <= orders.len() * lives, "{asked} cancellations of {} orders", orders.len());
        let count = check::count(&details, &orders, self.calls() - calls);
        if !count.is_clean() {
            bail!("{count:?}\n{details:#?}\n{orders:#?}\n{}", self.last_words());
        }
        Ok((Count { kills: died as u64, ..count }, died))
    }

    fn cancel_calls(&self) -> usize {
        let brokers = [Broker::AngelOne, Broker::Kite];
        brokers.map(|broker| self.world.sandbox.calls(broker, Operation::Cancel)).iter().sum()
    }

    async fn live_halted(
        &self,
        runs: &[RunId],
        death: Death,
        acknowledged: &mut bool,
    ) -> anyhow::Result<End> {
        let fail_at = if let Death::At(point) = death { Some(point) } else { None };
        let mut victim = Victim::start(&self.world, self.drill(), fail_at)?;
        let began = Instant::now();
        loop {
            if victim.is_dead()? {
                return Ok(End::Died);
            }
            ensure!(began.elapsed() < PATIENCE, "the orders are not cancelled");
            tokio::time::sleep(PAUSE).await;
            let Some(details) = victim.runs(&self.world, runs).await else { continue };
            let Ok(status) = victim.ask(&self.world, Status {}).await else { continue };
            let halted = status.halts.contains(&HaltScope::All);
            ensure!(halted || !*acknowledged, "the halt was acknowledged and is gone");
            let at_rest = details.iter().all(|run| {
                let counts = run.run.counts;
                counts.total() > 0 && counts.placed() == counts.total()
            });
            if at_rest && !halted {
                let halt = Halt { scope: HaltScope::All, cancel_open: true };
                *acknowledged |= victim.ask(&self.world, halt).await.is_ok();
            }
            if halted && details.iter().all(is_cancelled) {
                victim.ask(&self.world, Resume { scope: HaltScope::All }).await?;
                victim.kill()?;
                return Ok(End::Over(details));
            }
        }
    }
}

fn is_cancelled(details: &RunDetails) -> bool {
    let counts = details.run.counts;
    details.run.state == RunState::Closed && counts.cancelled == counts.total()
}
