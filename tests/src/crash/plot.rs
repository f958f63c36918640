//! What is drawn for a pair of runs that meets a halt which cancels what is open.

use std::time::Duration;

use jiff::SignedDuration;

use super::faults::{self, pick};
use super::ground::Death;
use crate::harness::World;
use crate::sandbox::random::Random;
use crate::sandbox::{Broker, Fault, LimitFills, Rules};

/// What is drawn for one pair of runs.
#[derive(Debug)]
pub(super) struct Plot {
    /// How the lives end.
    pub(super) deaths: Vec<Death>,
    /// What goes wrong from the beginning.
    pub(super) faults: Vec<Fault>,
    /// What goes wrong from the first halt on.
    pub(super) under_halt: Vec<Fault>,
    /// How the brokers treat orders and cancellations.
    pub(super) rules: Rules,
    /// Whether the first halt is of one of the two plans, and not of everything.
    pub(super) of_one_plan: bool,
    /// When it is asked for, from four seconds before the runs' time on.
    pub(super) halts_after: SignedDuration,
    /// Whether it is ended before everything is halted; after how long that is.
    pub(super) resumes: Option<SignedDuration>,
    /// Whose cancellations are refused for good.
    pub(super) refused: Option<(Broker, String)>,
    /// How soon after a halt was acknowledged the process is killed.
    pub(super) strikes: Vec<Duration>,
}

/// At most so many calls for a cancellation go wrong.
const MOST_FAULTS: u64 = 6;

/// What kills soon after a halt does so while cancellations are under way.
const LONGEST_MS: u64 = 400;

impl Plot {
    /// Draws one.
    pub(super) fn draw(
        random: &mut Random,
        world: &World,
        deaths: Vec<Death>,
        faults: Vec<Fault>,
    ) -> Self {
        let millis = |random: &mut Random, from: i64, to: i64| {
            let span = u64::try_from(to - from).unwrap_or(1);
            SignedDuration::from_millis(from + i64::try_from(random.next() % span).unwrap_or(0))
        };
        let halts_after = match random.next() % 8 {
            0 => millis(random, 0, 4_000),
            1..=3 => millis(random, 4_000, 7_000),
            _ => millis(random, 7_000, 25_000),
        };
        let strikes = random.next() % 3;
        let strikes =
            (0..strikes).map(|_| Duration::from_millis(random.next() % LONGEST_MS)).collect();
        let refused = random.chance(0.15).then(|| pick(random, &[Broker::AngelOne, Broker::Kite]));
        Self {
            deaths,
            faults,
            under_halt: faults::draw_of_cancels(random, MOST_FAULTS),
            rules: rules(random),
            of_one_plan: random.chance(0.4),
            halts_after,
            resumes: random.chance(0.4).then(|| millis(random, 0, 10_000)),
            refused: refused.and_then(|broker| Some((broker, first_account(world, broker)?))),
            strikes,
        }
    }
}

/// Orders that rest at the exchange or fill by half, some of which take their time to get there or to be
/// cancelled.
fn rules(random: &mut Random) -> Rules {
    let partly = random.chance(0.4);
    Rules {
        limit_fills: if partly { LimitFills::Always } else { LimitFills::Never },
        fill_percent: 50,
        received_delay_ms: if random.chance(0.3) { random.next() % 6_000 } else { 0 },
        cancel_delay_ms: if random.chance(0.3) { random.next() % 4_000 } else { 0 },
        ..Rules::default()
    }
}

fn first_account(world: &World, broker: Broker) -> Option<String> {
    let summary = world.sandbox.summary();
    match broker {
        Broker::AngelOne => summary.angel_one.accounts.first().map(|one| one.client_code.clone()),
        Broker::Kite => summary.kite.accounts.first().map(|one| one.user_id.clone()),
    }
}
