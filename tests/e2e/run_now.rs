//! A run that a person calls for, by the real client against a real daemon: once, and never a firing twice.

use muster_protocol::run::{CalledAs, RunState};
use muster_tests::harness::{Tally, tally};

use crate::plans::{PLAN, closed, done, muster, path, ready, run, written};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_called_for_dry_then_live_in_the_place_of_the_days_and_once() -> anyhow::Result<()>
{
    let (world, daemon) = ready(2).await?;
    let file = written(&world, &PLAN.replace("{ labels = [\"family\"] }", "\"all\""))?;
    done(&world, &["plan", "put", path(&file)]).await?;
    let unsaid = muster(&world, &["run", "now", "btst"]).await?;
    assert_eq!(unsaid.code, Some(2), "{}", unsaid.out);
    assert!(unsaid.err.contains("--instead") && unsaid.err.contains("15:10:00"), "{}", unsaid.err);
    let dry = done(&world, &["run", "now", "btst", "--extra"]).await?.out;
    assert!(dry.contains("dry-run") && dry.contains("it fires at 15:10:00 as well"), "{dry}");
    let first = closed(&world, "btst@2026-11-23").await?;
    assert_eq!((first.run.counts.rehearsed, world.sandbox.orders().len()), (4, 0));

    done(&world, &["plan", "arm", "btst", "--live", "--confirm", "btst"]).await?;
    let live = |name: &'static str| ["run", "now", "btst", "--instead", "--confirm", name];
    for wrong in ["btst", "btst@2026-11-23"] {
        assert_eq!(muster(&world, &live(wrong)).await?.code, Some(2), "{wrong}");
    }
    assert_eq!(muster(&world, &["run", "now", "btst", "--instead"]).await?.code, Some(2));
    let json = ["run", "now", "btst", "--instead", "--confirm", "btst@2026-11-23.2", "--json"];
    let said = done(&world, &json).await?.json()?;
    assert_eq!((&said["run"]["mode"], &said["run"]["accounts"]), (&"live".into(), &2.into()));
    let second = closed(&world, "btst@2026-11-23.2").await?;
    assert_eq!(tally(&second.intents, &world.sandbox.orders()), Tally::default());
    assert_eq!(world.sandbox.orders().len(), 4);
    assert!(matches!(
        second.run.called,
        Some(called) if matches!(called.run, CalledAs::InsteadOf { at } if at.clock() == "15:10:00")
    ));
    // A script that did not hear the answer says the same again.
    assert_ne!(muster(&world, &live("btst@2026-11-23.2")).await?.code, Some(0));
    let shown = done(&world, &["run", "show", "btst@2026-11-23.2"]).await?.out;
    assert!(shown.contains("in the place of the firing of 15:10:00"), "{shown}");
    let audit = done(&world, &["audit", "list"]).await?.out;
    assert!(audit.contains("run now, LIVE, instead of 15:10:00"), "{audit}");

    world.set_clock("2026-11-23T15:10:30+05:30")?;
    let status = done(&world, &["status", "--json"]).await?.json()?;
    assert_eq!(status["status"]["next_run"]["at"], "2026-11-25T15:10:00.000+05:30");
    assert!(run(&world, "btst@2026-11-23.3").await.is_err());
    assert_eq!(world.sandbox.orders().len(), 4);
    assert_eq!(first.run.state, RunState::Closed);
    daemon.stop().await
}
