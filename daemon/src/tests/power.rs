//! The power goes, the disk fails, the disk is full: at any sync or write of a whole run, and again while
//! the next life recovers. The domain and the store are the real ones, the disk tears what was not synced.

use std::io::ErrorKind;

use muster_protocol::ids::RunId;
use muster_protocol::plan::Mode;
use muster_protocol::time::Timestamp;

use super::machine::{Died, Log, Machine};
use super::truth::{Fate, Truth};
use crate::domain::record::Record;
use crate::domain::run::Stage;
use crate::domain::tests::records;
use crate::store::tests::disk::{Disk, Fault, Random};
use crate::store::{Batch, Store, decode, encode};

/// How many lives end in the dark, over all threads.
const CRASHES: usize = 10_000;
const THREADS: usize = 2;
const ACCOUNTS: u32 = 2;
const RUN: &str = "btst@2026-11-23";
/// By then every order has left that will, and by then the run is closed.
const SENT: &str = "2026-11-23T15:10:40+05:30";
const END: &str = "2026-11-23T15:20:00+05:30";
/// About as many syncs, and calls of any kind, as a calm life makes of its disk; a trouble that does not
/// come leaves one calm.
const SYNCS: usize = 40;
const CALLS: usize = 190;
/// Lives with trouble in one run, at least and at most.
const LIVES: (usize, usize) = (3, 8);

impl Log for Store {
    fn append(&mut self, records: &[Record]) -> Result<(), Died> {
        let batch = Batch { records: records.iter().map(encode).collect(), ..Batch::default() };
        self.commit([batch].iter_mut()).map(drop).map_err(|_| Died)
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A disk whose store holds fit accounts and a live plan.
fn noon() -> Disk {
    let disk = Disk::default();
    let mut store = Store::open_backend(disk.clone()).unwrap();
    store.append(&records(ACCOUNTS, Mode::Live, at("2026-11-23T12:00:00+05:30"))).unwrap();
    store.close().unwrap();
    disk.reopened()
}

/// What goes wrong in one life.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    None,
    /// The power goes when this sync is asked for.
    Sync(u64),
    /// The power goes while this call is under way; of a write, some sectors may arrive.
    Call(u64),
    /// This call fails, as on a full or a broken disk, and perhaps all after it.
    Fails(Fault),
}

impl Trouble {
    /// A first life can die anywhere in the run, a later one has less of it before it; half of those
    /// die while they recover.
    fn draw(life: usize, random: &mut Random) -> Self {
        let part = if life == 0 { 1 } else { [2, 8][random.below(2)] };
        let mut below = |count: usize| 1 + random.below(count / part) as u64;
        let (sync, call) = (below(SYNCS), below(CALLS));
        match random.below(6) {
            0 | 1 => Self::Sync(sync),
            2 | 3 => Self::Call(call),
            kind => {
                let error = if kind == 4 { ErrorKind::StorageFull } else { ErrorKind::Other };
                Self::Fails(Fault { at: call, error, lasts: random.below(2) == 0 })
            }
        }
    }

    fn befall(self, disk: &Disk) {
        match self {
            Self::None => {}
            Self::Sync(sync) => disk.crash_at_sync(sync),
            Self::Call(call) => disk.crash_at_call(call),
            Self::Fails(fault) => disk.fail(fault),
        }
    }

    /// What the next life finds. A process that ends takes nothing back that the system has, but what
    /// a failed sync was to bring to the disk may be gone as after a power cut.
    fn leaves(self, disk: &Disk, random: &mut Random) -> Disk {
        match self {
            Self::None => disk.reopened(),
            Self::Fails(_) if random.below(2) == 0 => disk.reopened(),
            Self::Sync(_) | Self::Call(_) | Self::Fails(_) => disk.after_crash(random),
        }
    }
}

/// What is carried from life to life.
struct World {
    disk: Disk,
    truth: Truth,
    real: Timestamp,
    /// What the store acknowledged.
    acked: Vec<Record>,
}

impl World {
    /// One life until the trouble, or until then. Says whether it died.
    fn live(&mut self, trouble: Trouble, end: &str, random: &mut Random) -> bool {
        trouble.befall(&self.disk);
        let died = self.live_until(at(end)).is_err();
        self.disk = trouble.leaves(&self.disk, random);
        self.real = self.real.plus(700);
        died
    }

    fn live_until(&mut self, end: Timestamp) -> Result<(), Died> {
        let Ok(store) = Store::open_backend(self.disk.clone()) else { return Err(Died) };
        let found: Vec<Record> =
            store.records().map_err(|_| Died)?.iter().map(|bytes| decode(bytes).unwrap()).collect();
        let acked = self.acked.len();
        assert!(found.len() >= acked, "I11: {} of {acked} acknowledged records", found.len());
        assert_eq!(found[..acked], self.acked, "I11: what was acknowledged is not what is there");
        self.acked = found;
        let truth = std::mem::take(&mut self.truth);
        let (mut machine, started) = Machine::start(&self.acked, store, truth, (self.real, 0));
        let left = end.since(machine.real).max(0);
        let lived = started.and_then(|()| machine.pass(left));
        if lived.is_ok() {
            machine.assert_nothing_is_lost();
            let run: RunId = RUN.to_owned().try_into().unwrap();
            let closed = matches!(machine.stage(&run), Some(Stage::Closed { .. }));
            assert!(closed || end < at(END), "I3: the run is not closed");
        }
        (self.truth, self.real, self.acked) = (machine.truth, machine.real, machine.acked);
        lived
    }
}

fn fate(random: &mut Random) -> Fate {
    match random.below(16) {
        0 => Fate::Lose,
        1 | 2 => Fate::Silent(u8::try_from(random.below(6)).unwrap()),
        3 => Fate::Refuse,
        4 | 5 => Fate::Slow(1),
        _ => Fate::Accept,
    }
}

/// One run over as many lives as it takes; how many of them died.
fn one_run(noon: &Disk, random: &mut Random) -> usize {
    let mut world = World {
        disk: noon.reopened(),
        truth: Truth::default(),
        real: at("2026-11-23T15:09:29.500+05:30"),
        acked: records(ACCOUNTS, Mode::Live, at("2026-11-23T12:00:00+05:30")),
    };
    for account in 1..=ACCOUNTS {
        for leg in 0..2 {
            let key = (muster_protocol::ids::AccountId(account), leg);
            world.truth.fates.insert(key, fate(random));
        }
    }
    let mut died = 0;
    for life in 0..LIVES.0 + random.below(LIVES.1 - LIVES.0 + 1) {
        let trouble = Trouble::draw(life, random);
        died += usize::from(world.live(trouble, SENT, random));
    }
    // What is in doubt is closed minutes later; not every run is watched for so long.
    let end = if random.below(8) == 0 { END } else { SENT };
    assert!(!world.live(Trouble::None, end, random), "a calm life died");
    world.truth.assert_at_most_once();
    died
}

fn some_runs(seed: u64) -> usize {
    let noon = noon();
    let (mut random, mut died, mut runs) = (Random(seed), 0, 0);
    while died < CRASHES / THREADS {
        let before = died;
        died += one_run(&noon, &mut random);
        runs += 1;
        assert!(died > before || runs < CRASHES, "nothing crashes: {before} in {runs} runs");
    }
    died
}

#[test]
fn i1_i3_i11_i12_after_ten_thousand_power_cuts_nothing_acknowledged_is_lost_and_no_order_is_sent_twice()
 {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).unwrap();
    // One seed that is the same everywhere, and a fresh one that is named when it finds something.
    let seeds = [20_261_123, u64::from_le_bytes(seed)];
    let threads = seeds.map(|seed| (seed, std::thread::spawn(move || some_runs(seed))));
    for (seed, thread) in threads {
        let died = thread.join().unwrap_or_else(|_| panic!("seed {seed} broke a promise"));
        assert!(died >= CRASHES / THREADS, "{died}");
    }
}

#[test]
fn a_calm_life_asks_the_disk_about_as_often_as_is_drawn_from() {
    let noon = noon();
    let mut world = World {
        disk: noon.reopened(),
        truth: Truth::default(),
        real: at("2026-11-23T15:09:29.500+05:30"),
        acked: Vec::new(),
    };
    let disk = world.disk.clone();
    assert!(!world.live(Trouble::None, SENT, &mut Random(1)));
    let syncs = usize::try_from(disk.syncs()).unwrap();
    let calls = usize::try_from(disk.calls()).unwrap();
    assert!((SYNCS / 2..SYNCS * 2).contains(&syncs), "{syncs} syncs");
    assert!((CALLS / 2..CALLS * 2).contains(&calls), "{calls} calls");
}
