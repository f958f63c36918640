//! Killed on a quiet evening, while runs of last week are archived and old journal entries are packed: what
//! could be asked of either has the same answer after every death, and no order leaves.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use muster_protocol::event::JournalEntry;
use muster_protocol::ids::RunId;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{
    Backup, JournalFilter, QueryJournal, QueryReport, RemovePlan, ShowRun, Status,
};
use muster_protocol::tally::RunReport;
use musterd::passphrase::{Passphrase, Source};
use musterd::store::Store;
use musterd::upkeep::{self, Verified};
use tokio::time::Instant;

use super::check::{self, Count};
use super::faults;
use super::ground::{DATE, Death, Ground, PATIENCE, PAUSE};
use super::victim::Victim;
use crate::harness::fill_journal;

/// An evening more than a week after the runs.
const STARTS: &str = "2026-12-01T19:00:00+05:30";
/// Exchange seconds a real second: it is looked for what can be done once a minute.
const SPEED: f64 = 240.0;
/// More journal entries than one transaction packs, beside those that stay as they are.
const ENTRIES: u64 = 4_096 + 18 * 1_024;

/// A store with two runs of last week and a long journal, and what it answered before the evening.
pub(super) struct Evening {
    ground: Ground,
    runs: Vec<RunId>,
    told: Told,
    /// Orders and order calls at the brokers before the runs.
    before: (usize, usize),
}

/// All that can be asked of what is put away.
#[derive(Debug, PartialEq)]
struct Told {
    details: Vec<RunDetails>,
    report: Vec<RunReport>,
    early: Vec<JournalEntry>,
    hers: Vec<JournalEntry>,
}

impl Evening {
    /// Has a pair of runs, takes their plans away, and keeps the store.
    pub(super) async fn new(accounts: usize, drill: &Path) -> anyhow::Result<Self> {
        let mut ground = Ground::new(accounts, drill).await?;
        let before = (ground.world.sandbox.orders().len(), ground.calls());
        ground.pair(Vec::new(), faults::lost_answers()).await?;
        let plans = std::mem::take(&mut ground.plans);
        let named = plans.iter().map(|plan| format!("{plan}@{DATE}").try_into());
        let runs = named.collect::<Result<Vec<RunId>, _>>()?;
        ground.world.clock.set(None, Some(1.0), None);
        fill_journal(&ground.world.store(), ENTRIES)?;
        let mut victim = Victim::start(&ground.world, ground.drill(), None)?;
        let told = told(&ground, &mut victim, &runs).await?;
        for plan in plans {
            // The newest run of a plan that is there is not archived.
            victim.ask(&ground.world, RemovePlan { plan }).await?;
        }
        victim.kill()?;
        for (file, kept) in files(&ground) {
            std::fs::copy(file, kept)?;
        }
        Ok(Self { ground, runs, told, before })
    }

    /// The evening once more, over as many lives as it takes until all is put away; what it came to, and
    /// how many of the deaths came.
    pub(super) async fn again(&self, deaths: Vec<Death>) -> anyhow::Result<(Count, usize)> {
        for (file, kept) in files(&self.ground) {
            std::fs::copy(kept, file)?;
        }
        self.ground.world.set_clock(STARTS)?;
        self.ground.world.clock.set(None, Some(SPEED), None);
        let (mut deaths, mut died) = (deaths.into_iter(), 0);
        let details = loop {
            let death = deaths.next().unwrap_or(Death::Never);
            let end = self.live(&death).await.with_context(|| self.ground.last_words())?;
            let found = self.found()?;
            match end {
                None => died += 1,
                Some(details) => {
                    ensure!(found.archived == self.runs.len(), "{found:?}");
                    break details;
                }
            }
            if let Death::At(at) = &death {
                // Both go in one transaction.
                ensure!(self.is_right(at, found.archived), "{found:?} after it died at {at}");
            }
        };
        let orders = self.ground.world.sandbox.orders().split_off(self.before.0);
        let count = check::count(&details, &orders, self.ground.calls() - self.before.1);
        if !count.is_clean() {
            bail!("{count:?}\n{details:#?}\n{orders:#?}\n{}", self.ground.last_words());
        }
        Ok((Count { kills: died as u64, ..count }, died))
    }

    /// One life; the runs as they are shown in the end, unless it died.
    async fn live(&self, death: &Death) -> anyhow::Result<Option<Vec<RunDetails>>> {
        let world = &self.ground.world;
        // Without lists the daemon asks the brokers for them, and their answers confirm its clock.
        drop(std::fs::remove_dir_all(world.folder().join("instruments")));
        let at = if let Death::At(at) = death { Some(at.clone()) } else { None };
        let mut victim = Victim::start(world, self.ground.drill(), at)?;
        let began = Instant::now();
        loop {
            if victim.is_dead()? {
                return Ok(None);
            }
            if let Some(true) = self.is_put_away(&mut victim).await {
                break;
            }
            ensure!(began.elapsed() < PATIENCE, "not all is put away");
            tokio::time::sleep(PAUSE).await;
        }
        // Nothing is left that could kill it.
        let told = told(&self.ground, &mut victim, &self.runs).await?;
        victim.kill()?;
        ensure!(told == self.told, "it was {:#?} and is {told:#?}", self.told);
        Ok(Some(told.details))
    }

    /// Whether a copy of the store says that both are done; nothing if there is none to be had.
    async fn is_put_away(&self, victim: &mut Victim) -> Option<bool> {
        // A copy is asked for when it is likely to say so: while it is made nothing is archived.
        let filter = JournalFilter::default();
        let asked = QueryJournal { after: ENTRIES, limit: 200, filter };
        let entries = victim.ask(&self.ground.world, asked).await.ok()?;
        let archived = entries.iter().filter(|entry| entry.text.starts_with("archived: "));
        if archived.count() < self.runs.len() {
            return Some(false);
        }
        let file = self.ground.world.folder().join("copy.redb");
        drop(std::fs::remove_file(&file));
        let asked = Backup { file: file.display().to_string() };
        victim.ask(&self.ground.world, asked).await.ok()?;
        let copy = Store::open(&file).ok()?;
        let archived = copy.archived_runs().ok()?.len() == self.runs.len();
        Some(archived && !copy.is_loose().ok()?)
    }

    /// With nobody alive: every chain holds, every archived run is whole, no journal entry is missing.
    fn found(&self) -> anyhow::Result<Verified> {
        let world = &self.ground.world;
        let (directory, name) = (world.folder().to_owned(), "passphrase".to_owned());
        let secret = Passphrase::read(&Source::Credential { directory, name })?;
        let found = upkeep::verify(&world.store(), &secret)?;
        ensure!(found.journal >= ENTRIES, "{found:?}");
        Ok(found)
    }

    /// What is archived where it died: nothing before the commit of that, and all after it.
    fn is_right(&self, at: &str, archived: usize) -> bool {
        match at.split_once(':').map(|(point, _)| point) {
            Some("before-archive" | "archive-written") => archived == 0,
            Some("archive-durable") => archived == self.runs.len(),
            Some(_) | None => archived == 0 || archived == self.runs.len(),
        }
    }
}

/// The store and the epoch beside it, and where they are kept.
fn files(ground: &Ground) -> [(PathBuf, PathBuf); 2] {
    let folder = ground.world.folder();
    ["store.redb", "store.redb.epoch"]
        .map(|name| (folder.join(name), folder.join(format!("kept-{name}"))))
}

async fn told(ground: &Ground, victim: &mut Victim, runs: &[RunId]) -> anyhow::Result<Told> {
    let world = &ground.world;
    let began = Instant::now();
    while victim.ask(world, Status {}).await.is_err() {
        ensure!(began.elapsed() < PATIENCE && !victim.is_dead()?, "it does not answer");
        tokio::time::sleep(PAUSE).await;
    }
    let mut details = Vec::new();
    for run in runs {
        let mut one = victim.ask(world, ShowRun { run: run.clone() }).await?;
        for intent in &mut one.intents {
            // The broker's name comes from its list, as soon as that is there.
            intent.broker_symbol = None;
        }
        details.push(one);
    }
    let report = victim.ask(world, QueryReport { date: Some(DATE.parse()?) }).await?.runs;
    let filter = JournalFilter { before: Some(6_000), ..JournalFilter::default() };
    let early = victim.ask(world, QueryJournal { after: 0, limit: 1_000, filter }).await?;
    let filter = JournalFilter { user: Some("person-7".parse()?), ..JournalFilter::default() };
    let hers = victim.ask(world, QueryJournal { after: 0, limit: 1_000, filter }).await?;
    Ok(Told { details, report, early, hers })
}
