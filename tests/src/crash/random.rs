//! Killed at any moment, again and again, while the brokers misbehave.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use tokio::task::{JoinSet, LocalSet};

use super::check::Count;
use super::faults;
use super::ground::{Death, Ground};
use super::plot::Plot;
use crate::sandbox::random::Random;

/// How many, and by which lot.
#[derive(Debug, Clone, Copy)]
pub struct Kills {
    /// How many processes are killed at least.
    pub count: u64,
    /// The same seed draws the same faults and moments; when a process is scheduled it does not draw.
    pub seed: u64,
    /// Worlds side by side.
    pub grounds: u64,
}

/// Accounts of each ground, over both brokers.
const ACCOUNTS: usize = 4;
/// A pair of runs meets at most so many kills and so many faults.
const MOST_KILLS: u64 = 8;
const MOST_FAULTS: u64 = 6;
/// So many of the pairs meet a halt that cancels what is open.
const WITH_CANCELS: f64 = 0.4;
/// The longest life before a kill.
const LONGEST_MS: u64 = 700;

/// Kills; the first run that breaks a promise is an error. `told` hears of every pair of runs.
pub async fn at_random(
    drill: &Path,
    kills: Kills,
    told: impl Fn(Count) + Clone + 'static,
) -> anyhow::Result<Count> {
    let (here, mut tasks) = (LocalSet::new(), JoinSet::new());
    for number in 0..kills.grounds {
        let (drill, told) = (drill.to_owned(), told.clone());
        let seed = kills.seed.wrapping_add(number);
        let share = kills.count.div_ceil(kills.grounds);
        tasks.spawn_local_on(async move { some(&drill, (seed, share), told).await }, &here);
    }
    let mut total = Count::default();
    while let Some(done) = here.run_until(tasks.join_next()).await {
        total += done??;
    }
    Ok(total)
}

async fn some(
    drill: &Path,
    (seed, share): (u64, u64),
    told: impl Fn(Count),
) -> anyhow::Result<Count> {
    let mut random = Random::seeded(seed);
    let mut ground = Ground::new(ACCOUNTS, drill).await?;
    let mut total = Count::default();
    while total.kills < share {
        if ground.is_over() {
            ground = Ground::new(ACCOUNTS, drill).await?;
        }
        let kills = 1 + random.next() % MOST_KILLS;
        let moment = |_| Death::After(Duration::from_millis(random.next() % LONGEST_MS));
        let deaths = (0..kills).map(moment).collect();
        let faults = faults::draw(&mut random, MOST_FAULTS);
        let drawn = format!("seed {seed} after {} kills", total.kills);
        let count = if random.chance(WITH_CANCELS) {
            let plot = Plot::draw(&mut random, &ground.world, deaths, faults);
            let drawn = format!("{drawn}, {plot:#?}");
            ground.halted(plot).await.context(drawn)?
        } else {
            let drawn = format!("{drawn}, with {faults:#?}");
            ground.pair(deaths, faults).await.context(drawn)?.0
        };
        total += count;
        told(count);
    }
    Ok(total)
}
