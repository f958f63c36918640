//! I12 on a real file: the disk is full. The daemon says so and ends; what it answered before is there.

use std::path::Path;

use muster_protocol::plan::Mode;
use muster_protocol::request::{ArmPlan, PutPlan};
use muster_tests::harness::{Outside, Setup, World, eventually, two_legs};

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");
/// Far more than fit into the room that is left.
const MANY: u32 = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn i12_with_a_full_disk_it_ends_and_says_so_and_what_was_answered_is_there()
-> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 2, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    daemon.stop().await?;
    // Not a byte more, in blocks of 512; without the signal that would kill it.
    let blocks = std::fs::metadata(world.store())?.len().div_ceil(512);
    let first = format!("trap '' XFSZ; ulimit -f {blocks}");
    let mut daemon = Outside::start_after(&world, Path::new(DRILL), &first).await?;
    let (client, _feed) = world.client().await?;
    let mut answered = None;
    let mut refused = false;
    for quantity in 1..=MANY {
        let mut spec = two_legs();
        spec.legs[0].quantity = serde_json::from_value(quantity.into())?;
        let Ok(plan) = client.call(PutPlan { spec: spec.clone() }).await else {
            refused = true;
            break;
        };
        answered = Some((spec, plan.hash));
    }
    assert!(refused, "all of {MANY} plans fitted");
    let mut status = None;
    eventually("the daemon ends", async || {
        status = daemon.ended().ok().flatten();
        status.is_some()
    })
    .await?;
    assert!(status.is_some_and(|status| !status.success()), "{status:?}");
    let words = std::fs::read_to_string(world.folder().join("stderr"))?;
    assert!(words.contains("no order can be recorded and none is sent"), "{words}");
    assert!(world.sandbox.orders().is_empty());

    // With room again, everything goes on from the last answer, or from the request that got none.
    let daemon = Outside::start(&world, Path::new(DRILL)).await?;
    let (client, _feed) = world.client().await?;
    if let Some((spec, hash)) = answered {
        let plans = world.look().await?.snapshot.plans;
        assert_eq!(plans.len(), 1);
        let found = plans[0].spec.legs[0].quantity;
        let least = spec.legs[0].quantity;
        assert!(found >= least, "{found:?} after {least:?} was answered");
        let plan = client.call(PutPlan { spec }).await?;
        assert_eq!(plan.hash, hash);
        let name = plan.spec.name.clone();
        client.call(ArmPlan { plan: name, mode: Mode::Live, hash }).await?;
    }
    daemon.kill()
}
