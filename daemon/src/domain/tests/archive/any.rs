//! Whatever happened on a day: a week later it is archived, and the model is the same live, replayed from
//! the whole log, and replayed from what is left of it; and so is everything that anybody sees.

use muster_protocol::ids::UserId;
use muster_protocol::plan::Ambiguity;
use muster_protocol::time::MINUTE;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::super::any::{Any, InMemory, Op, op};
use super::super::*;
use super::seen::{assert_same, confirmed, details, from_archive, model_of, parted, shown};
use crate::tests::machine::Machine;

/// Lets the days go by on which nobody is logged in, to the evening on which Monday is old enough; runs
/// are not held any more.
fn wait(any: &mut Any) {
    any.end();
    let machine = &mut any.machine;
    machine.model.archiving.look_at = at("2030-01-01T00:00:00+05:30");
    let until = |machine: &Machine<InMemory>, to: &str| at(to).since(machine.real);
    // Tuesday is a holiday. Wednesday's run leaves everybody out, and those after it are missed.
    machine.pass(until(machine, "2026-11-25T16:30:00+05:30")).unwrap();
    machine.real = at("2026-12-03T19:00:00+05:30");
    machine.pass(MINUTE).unwrap();
    if machine.model.held.is_some() {
        machine.ask(super::super::super::msg::Ask::Release).unwrap();
    }
    machine.take(confirmed(machine.now(), machine.real)).unwrap();
}

fn archive(ops: &[Op], ambiguity: Ambiguity) -> usize {
    let mut any = Any::new(ambiguity);
    for op in ops {
        any.happen(op);
    }
    wait(&mut any);
    let machine = &mut any.machine;
    let (now, user): (_, UserId) = (machine.now(), "user1".parse().unwrap());
    let before = shown(&machine.model, now);
    let of_run = |run: &RunId| [None, Some(&user)].map(|only| details(&machine.model, run, only));
    let runs: BTreeMap<RunId, _> =
        machine.model.runs.keys().map(|run| (run.clone(), of_run(run))).collect();
    machine.model.archiving.look_at = now;
    machine.take(Msg::Tick).unwrap();

    let (model, log) = (&machine.model, &machine.acked);
    let (kept, gone) = parted(log);
    assert_eq!(shown(model, now), before);
    for (run, details) in &runs {
        let old = at("2026-11-26T00:00:00+05:30").date();
        let doubted = model.counts.get(run).is_some_and(|counts| counts.in_doubt > 0);
        assert_eq!(model.is_archived(run), run.date < old && !doubted, "{run}");
        if let Some(gone) = gone.get(run) {
            let found = [None, Some(&user)].map(|only| from_archive(model, (run, gone), only));
            assert_eq!(found, *details, "{run}");
        }
    }
    assert_same(model, &model_of(&kept, now));
    assert_same(model, &model_of(log, now));
    machine.assert_nothing_is_lost();

    // The next life, at once and with the clock put back to that Monday: nothing old is sent or fires again.
    for real in [machine.real, at("2026-11-23T15:09:40+05:30")] {
        let truth = machine.truth.clone();
        let posted = truth.posts.len();
        let (mut next, started) = Machine::start(&kept, InMemory, truth, (real, 0));
        started.unwrap();
        next.pass(10 * MINUTE).unwrap();
        assert_eq!(next.truth.posts.len(), posted);
        next.truth.assert_at_most_once();
        let fired = |record: &Record| {
            matches!(record, Record::Run(_, super::super::super::run::RunEvent::Fired { .. }))
        };
        assert!(!next.acked[kept.len()..].iter().any(fired));
    }
    gone.len()
}

proptest! {
    #![proptest_config(Config { cases: 48, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn i4_an_archived_run_is_the_same_to_everybody_whatever_happened_to_it(
        ops in proptest::collection::vec(op(), 1..40),
        again in any::<bool>(),
    ) {
        let ambiguity = if again { Ambiguity::ResendOnce } else { Ambiguity::Hold };
        archive(&ops, ambiguity);
    }
}

#[test]
fn a_calm_day_and_one_on_which_nobody_is_fit_are_archived() {
    assert_eq!(archive(&[Op::Pass(39_000)], Ambiguity::Hold), 2);
}
