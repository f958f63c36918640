//! Killed at every named place and at any moment: nothing twice, nothing lost, every count right.

use std::path::Path;

use muster_tests::crash::{Kills, PointCase, at_points, at_random, point_cases};

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");

#[tokio::test(flavor = "multi_thread")]
async fn i1_i3_i11_killed_at_every_place_nothing_is_sent_twice_and_nothing_is_lost()
-> anyhow::Result<()> {
    killed(point_cases().into_iter().filter(|case| !case.of_cancel()).collect()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn i1_i3_i10_killed_around_a_cancellation_the_halt_holds_and_nothing_stays_open()
-> anyhow::Result<()> {
    killed(point_cases().into_iter().filter(PointCase::of_cancel).collect()).await
}

async fn killed(cases: Vec<PointCase>) -> anyhow::Result<()> {
    assert!(!cases.is_empty());
    let (count, struck) = at_points(Path::new(DRILL), cases).await?;
    assert!(count.is_clean(), "{count:?}");
    assert_eq!(count.missed, 0, "{count:?}");
    let survived: Vec<_> = struck.iter().filter(|one| one.died == 0).collect();
    assert!(survived.is_empty(), "nobody died at {survived:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn i1_i3_i6_killed_at_any_moment_with_faults_nothing_is_sent_twice_and_nothing_is_lost()
-> anyhow::Result<()> {
    // Another seed for each commit's CI would hide what broke: `muster-drill kills` draws fresh ones.
    let kills = Kills { count: 200, seed: 20_261_123, grounds: 4 };
    let count = at_random(Path::new(DRILL), kills, |_| ()).await?;
    assert!(count.is_clean() && count.kills >= 200, "{count:?}");
    assert!(count.orders * 2 > count.intents, "too few orders left to show anything: {count:?}");
    let cancels = (count.cancelled, count.cancel_faults);
    assert!(cancels.0 > 40 && cancels.1 > 10, "too few cancellations to show anything: {count:?}");
    Ok(())
}
