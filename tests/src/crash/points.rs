//! Killed at every named place, on its first and on its second pass, once and twice in a row; the places
//! around a cancellation under a halt that cancels what is open, those of a quiet evening on one.

use std::path::Path;

use anyhow::{Context, ensure};
use musterd::failpoint::Point;
use tokio::task::{JoinSet, LocalSet};

use super::check::Count;
use super::evening::Evening;
use super::faults;
use super::ground::{Death, Ground};

/// Where and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointCase {
    /// The place.
    pub point: Point,
    /// On which pass.
    pub pass: u32,
    /// In how many lives, one after the other.
    pub lives: usize,
}

impl PointCase {
    /// Whether the place is passed only where a halt cancels what is open.
    pub fn of_cancel(&self) -> bool {
        OF_CANCEL.contains(&self.point)
    }

    /// Whether the place is passed only on a quiet evening.
    fn of_evening(&self) -> bool {
        OF_EVENING.contains(&self.point)
    }
}

/// How often the process died there.
#[derive(Debug, Clone, Copy)]
pub struct Struck {
    /// The case.
    pub case: PointCase,
    /// How many of its lives ended there.
    pub died: usize,
}

/// Places that are passed only where a halt cancels what is open.
const OF_CANCEL: [Point; 4] =
    [Point::BeforeCancelling, Point::CancellingDurable, Point::BeforeCancel, Point::CancelReplied];

/// Places that are passed only where runs of last week are archived and old journal entries packed.
const OF_EVENING: [Point; 6] = [
    Point::BeforeArchive,
    Point::ArchiveWritten,
    Point::ArchiveDurable,
    Point::BeforePack,
    Point::PackWritten,
    Point::PackDurable,
];

/// Accounts of each ground, over both brokers.
const ACCOUNTS: usize = 3;
/// Worlds side by side: most of a case is waiting.
const GROUNDS: usize = 6;

/// Every place a run passes, first and second pass, one life and two; the writer's own places on later passes too,
/// since its first ones are those of the start.
pub fn point_cases() -> Vec<PointCase> {
    let mut cases = Vec::new();
    let of_runs = Point::ALL.iter().copied().filter(|point| !Point::OF_PURGE.contains(point));
    for point in of_runs {
        let of_writer = matches!(point, Point::Written | Point::Committed);
        let passes: &[u32] = if of_writer { &[1, 2, 4, 6, 8, 11, 14] } else { &[1, 2] };
        for pass in passes.iter().copied() {
            let case = |lives| PointCase { point, pass, lives };
            cases.extend([1, 2].map(case));
        }
    }
    cases
}

/// Runs the cases; the first that breaks a promise is an error.
pub async fn at_points(
    drill: &Path,
    cases: Vec<PointCase>,
) -> anyhow::Result<(Count, Vec<Struck>)> {
    let (here, mut tasks) = (LocalSet::new(), JoinSet::new());
    let (evenings, cases): (Vec<_>, Vec<_>) = cases.into_iter().partition(PointCase::of_evening);
    let share = cases.len().div_ceil(GROUNDS).max(1);
    for part in cases.chunks(share) {
        let (part, drill) = (part.to_vec(), drill.to_owned());
        tasks.spawn_local_on(async move { some(&drill, part).await }, &here);
    }
    if !evenings.is_empty() {
        let drill = drill.to_owned();
        tasks.spawn_local_on(async move { some_evenings(&drill, evenings).await }, &here);
    }
    let (mut total, mut struck) = (Count::default(), Vec::new());
    while let Some(done) = here.run_until(tasks.join_next()).await {
        let (count, died) = done??;
        total += count;
        struck.extend(died);
    }
    Ok((total, struck))
}

async fn some(drill: &Path, cases: Vec<PointCase>) -> anyhow::Result<(Count, Vec<Struck>)> {
    let mut ground = Ground::new(ACCOUNTS, drill).await?;
    let (mut total, mut struck) = (Count::default(), Vec::new());
    for case in cases {
        if ground.is_over() {
            ground = Ground::new(ACCOUNTS, drill).await?;
        }
        let deaths = deaths(case);
        let done = if case.of_cancel() {
            ground.cancelled(deaths).await
        } else {
            ground.pair(deaths, faults::lost_answers()).await
        };
        let (count, died) = done.with_context(|| format!("{case:?}"))?;
        ensure!(count.missed == 0, "{case:?}: {count:?}\n{}", ground.last_words());
        total += count;
        struck.push(Struck { case, died });
    }
    Ok((total, struck))
}

async fn some_evenings(
    drill: &Path,
    cases: Vec<PointCase>,
) -> anyhow::Result<(Count, Vec<Struck>)> {
    let evening = Evening::new(ACCOUNTS, drill).await?;
    let (mut total, mut struck) = (Count::default(), Vec::new());
    for case in cases {
        let done = evening.again(deaths(case)).await;
        let (count, died) = done.with_context(|| format!("{case:?}"))?;
        total += count;
        struck.push(Struck { case, died });
    }
    Ok((total, struck))
}

fn deaths(case: PointCase) -> Vec<Death> {
    let at = format!("{}:{}", case.point.name(), case.pass);
    vec![Death::At(at); case.lives]
}
