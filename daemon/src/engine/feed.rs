//! Subscribers: each gets a snapshot, then every change it may see, or a fresh snapshot if it is slow.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use muster_protocol::event::{Delta, Feed, JournalEntry, Snapshot};
use muster_protocol::frame::{Code, Failure};
use muster_protocol::ids::UserId;
use muster_protocol::time::Timestamp;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;

use super::handle::{Peer, Subscription};
use crate::domain::effect::Changed;
use crate::domain::model::Model;
use crate::domain::muster::Ahead;
use crate::domain::{person, view};

/// How many changes wait for a slow reader; then it gets a fresh snapshot instead.
const QUEUE: usize = 1_024;
/// What changed is told together, no more often than this: a run of thousands of accounts changes them
/// all at once, and an eye sees no more. The first change after a quiet moment is told at once.
const TELL_EVERY: Duration = Duration::from_millis(50);
/// A slow reader gets fresh snapshots no more often than this; a large one holds the loop up.
const RESYNC_EVERY: Duration = Duration::from_secs(1);
/// The most subscribers at once.
const MAX_SUBSCRIBERS: usize = 64;
/// How many journal entries are held for snapshots.
const TAIL: usize = 1_000;

struct Subscriber {
    only: Option<UserId>,
    tail: u32,
    seq: u64,
    queue: mpsc::Sender<Feed>,
    behind: bool,
    /// When it got its last snapshot.
    resynced: Instant,
}

/// Everyone who watches, and the journal's newest entries for their snapshots.
pub(super) struct Watchers {
    subscribers: Vec<Subscriber>,
    journal: VecDeque<JournalEntry>,
    /// What changed since the last telling.
    untold: BTreeSet<Changed>,
    told: Option<Instant>,
}

impl Watchers {
    pub(super) fn new(journal: Vec<JournalEntry>) -> Self {
        let (subscribers, untold) = (Vec::new(), BTreeSet::new());
        Self { subscribers, journal: journal.into(), untold, told: None }
    }

    /// Begins a subscription, unless there are too many.
    pub(super) fn subscribe(
        &mut self,
        model: &Model,
        now: Timestamp,
        peer: &Peer,
        tail: u32,
    ) -> Result<Subscription, Failure> {
        self.subscribers.retain(|subscriber| !subscriber.queue.is_closed());
        if self.subscribers.len() >= MAX_SUBSCRIBERS {
            let why = "too many clients are watching; close one and try again";
            return Err(Failure::new(Code::Busy, why));
        }
        let (queue, feed) = mpsc::channel(QUEUE);
        let only = peer.only().cloned();
        let snapshot = self.snapshot(model, now, only.as_ref(), tail);
        let resynced = Instant::now();
        self.subscribers.push(Subscriber { only, tail, seq: 0, queue, behind: false, resynced });
        let start = muster_protocol::reply::Subscribed { seq: 0, snapshot };
        Ok(Subscription { start, feed })
    }

    fn snapshot(
        &self,
        model: &Model,
        now: Timestamp,
        only: Option<&UserId>,
        tail: u32,
    ) -> Snapshot {
        let mut snapshot = view::snapshot(model, now, only);
        let mine = self.journal.iter().filter(|entry| may_see(entry, only));
        let wanted = usize::try_from(tail).unwrap_or(TAIL);
        snapshot.journal = mine.rev().take(wanted).cloned().collect();
        snapshot.journal.reverse();
        snapshot
    }

    /// Tells everyone what is new in the journal.
    pub(super) fn journal(&mut self, entries: Vec<JournalEntry>) {
        for entry in &entries {
            for subscriber in &mut self.subscribers {
                if may_see(entry, subscriber.only.as_ref()) {
                    subscriber.push(Delta::Journal(entry.clone()));
                }
            }
        }
        self.journal.extend(entries);
        let over = self.journal.len().saturating_sub(TAIL);
        self.journal.drain(..over);
    }

    /// Notes what changed, to be told soon.
    pub(super) fn note(&mut self, changed: BTreeSet<Changed>) {
        self.subscribers.retain(|subscriber| !subscriber.queue.is_closed());
        if self.subscribers.is_empty() {
            self.untold.clear();
        } else {
            self.untold.extend(changed);
        }
    }

    /// When the next telling is due, if there is anything to tell at the instant `this`.
    pub(super) fn due(&self, this: Instant) -> Option<Instant> {
        let waits = !self.untold.is_empty() || self.subscribers.iter().any(|one| one.behind);
        waits.then(|| self.told.map_or(this, |told| told + TELL_EVERY))
    }

    /// Tells everyone what changed, each what it may see, if it is time at the instant `this`.
    pub(super) fn tell(&mut self, model: &Model, now: Timestamp, this: Instant) {
        if self.due(this).is_none_or(|due| due > this) {
            return;
        }
        self.told = Some(this);
        // Once for all of them: thousands of accounts change together.
        let ahead = Ahead::next(model, now);
        for changed in std::mem::take(&mut self.untold) {
            for subscriber in self.subscribers.iter_mut().filter(|one| !one.behind) {
                let only = subscriber.only.as_ref();
                if let Some(delta) = delta((model, now, ahead), &changed, only) {
                    subscriber.push(delta);
                }
            }
        }
        self.catch_up(model, now, this);
    }

    /// Sends a fresh snapshot to those who fell behind and have room again.
    fn catch_up(&mut self, model: &Model, now: Timestamp, this: Instant) {
        for index in 0..self.subscribers.len() {
            let Some(subscriber) = self.subscribers.get(index) else { continue };
            let early = this < subscriber.resynced + RESYNC_EVERY;
            if !subscriber.behind || early || subscriber.queue.capacity() < QUEUE / 2 {
                continue;
            }
            let only = subscriber.only.clone();
            let snapshot = self.snapshot(model, now, only.as_ref(), subscriber.tail);
            if let Some(subscriber) = self.subscribers.get_mut(index) {
                subscriber.seq = subscriber.seq.wrapping_add(1);
                subscriber.resynced = this;
                let resync = Feed::Resync { seq: subscriber.seq, snapshot: Box::new(snapshot) };
                subscriber.behind = subscriber.queue.try_send(resync).is_err();
            }
        }
    }
}

impl Subscriber {
    fn push(&mut self, delta: Delta) {
        if self.behind {
            return;
        }
        self.seq = self.seq.wrapping_add(1);
        let item = Feed::Delta { seq: self.seq, delta: Box::new(delta) };
        if let Err(TrySendError::Full(_)) = self.queue.try_send(item) {
            self.behind = true;
        }
    }
}

fn may_see(entry: &JournalEntry, only: Option<&UserId>) -> bool {
    only.is_none_or(|user| entry.user.as_ref() == Some(user))
}

fn delta(
    (model, now, ahead): (&Model, Timestamp, Ahead<'_>),
    changed: &Changed,
    only: Option<&UserId>,
) -> Option<Delta> {
    let mine = |user: &UserId| only.is_none_or(|wanted| wanted == user);
    match changed {
        Changed::Status => Some(Delta::Status(view::status(model, now, only))),
        Changed::Account(id) => view::account(model, now, *id, ahead)
            .filter(|account| mine(&account.user))
            .map(|account| Delta::Account(Box::new(account))),
        // Whose it was is no longer known; a number alone names nobody.
        Changed::AccountRemoved(id) => Some(Delta::AccountRemoved(*id)),
        Changed::Plan(id) => {
            view::plan(model, now, id).map(|plan| Delta::Plan(person::plan(model, plan, only)))
        }
        Changed::PlanRemoved(id) => Some(Delta::PlanRemoved(id.clone())),
        Changed::Run(id) => {
            view::run(model, id).map(|run| Delta::Run(person::run(model, run, only)))
        }
        Changed::Intent(id) => view::intent(model, id)
            .filter(|intent| mine(&intent.user))
            .map(|intent| Delta::Intent(Box::new(intent))),
        Changed::Check(ticket) => model
            .tickets
            .get(ticket)
            .filter(|kept| mine(&kept.route.user))
            .map(|kept| Delta::Check(kept.check.view().clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Calendar;
    use crate::domain::settings::Settings;

    fn watched() -> (Watchers, Model, mpsc::Receiver<Feed>) {
        let at = Timestamp::from_millis(0);
        let model = Model::new(Settings::default(), Calendar::built_in(), at);
        let mut watchers = Watchers::new(Vec::new());
        let peer = Peer { role: muster_protocol::reply::Role::Operator, name: "uid 0".to_owned() };
        let subscription = watchers.subscribe(&model, at, &peer, 0).unwrap();
        (watchers, model, subscription.feed)
    }

    fn told(feed: &mut mpsc::Receiver<Feed>) -> usize {
        std::iter::from_fn(|| feed.try_recv().ok()).count()
    }

    #[tokio::test]
    async fn the_first_change_is_told_at_once_and_what_follows_together() {
        let (mut watchers, model, mut feed) = watched();
        let (now, this) = (model.started, Instant::now());
        let mut change = |watchers: &mut Watchers, this| {
            watchers.note(BTreeSet::from([Changed::Status]));
            watchers.tell(&model, now, this);
            told(&mut feed)
        };
        assert_eq!(watchers.due(this), None);
        assert_eq!(change(&mut watchers, this), 1);
        assert_eq!(watchers.due(this), None, "all is told");
        assert_eq!(change(&mut watchers, this), 0);
        assert_eq!(watchers.due(this), Some(this + TELL_EVERY));
        assert_eq!(change(&mut watchers, this + TELL_EVERY), 1, "both as one");
    }

    #[tokio::test]
    async fn a_slow_reader_gets_a_snapshot_when_it_has_room_again_and_no_sooner() {
        let (mut watchers, model, mut feed) = watched();
        let (now, mut this) = (model.started, Instant::now());
        for _ in 0..=QUEUE {
            watchers.note(BTreeSet::from([Changed::Status]));
            watchers.tell(&model, now, this);
            this += TELL_EVERY;
        }
        watchers.tell(&model, now, this);
        assert_eq!(told(&mut feed), QUEUE, "it had room for no more");
        this += RESYNC_EVERY;
        assert!(watchers.due(this).is_some(), "it waits for its snapshot");
        watchers.tell(&model, now, this);
        assert!(matches!(feed.try_recv(), Ok(Feed::Resync { .. })));
    }
}
