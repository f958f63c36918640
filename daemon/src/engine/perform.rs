//! Performing effects: commits go to the store as one batch a turn, work is spawned, peers are answered.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit, Mac};
use muster_protocol::check::CheckTarget;
use muster_protocol::frame::{Code, Failure};
use muster_protocol::ids::{AccountId, OrderTag, RunId, UserId};
use muster_protocol::reply::Touched;
use sha2::Sha256;
use tokio::time::Instant;

use super::Engine;
use super::ask::{done, said};
use super::handle::Said;
use super::points;
use crate::custody::CustodyError;
use crate::domain::effect::{Answer, Changed, Commit, Effect, Seal};
use crate::domain::msg::{Msg, ReplyTo};
use crate::domain::record::Record;
use crate::domain::tag::{Shift, TagParts};
use crate::domain::view;
use crate::store::{Batch, encode};

/// What comes back with a batch that became durable.
#[derive(Debug, Default)]
pub(super) struct Note {
    /// Its records, to be applied.
    pub(super) records: Vec<Record>,
    /// What begins then.
    pub(super) then: Vec<Effect>,
    /// The peers to answer then.
    pub(super) acks: Vec<(ReplyTo, Answer)>,
    /// Old journal entries are packed with it.
    pub(super) packs: bool,
    /// When it was handed to the store.
    pub(super) since: Option<Instant>,
}

/// What one turn of the loop gathered.
#[derive(Default)]
pub(super) struct Turn {
    batch: Batch,
    note: Note,
    changed: BTreeSet<Changed>,
}

impl Turn {
    /// Notes that watchers must be told of this.
    pub(super) fn changed(&mut self, changed: Changed) {
        self.changed.insert(changed);
    }
}

impl Engine {
    /// Performs the effects; what they lead to at once comes back as messages.
    pub(super) fn perform(&mut self, effects: Vec<Effect>, turn: &mut Turn) -> Vec<Msg> {
        let mut follow = Vec::new();
        for effect in effects {
            match effect {
                Effect::Commit(commit) => self.gather(commit, turn),
                Effect::Reply(to, answer) => {
                    let answer = answer.and_then(|answer| self.answer(answer));
                    self.reply(to, answer);
                }
                Effect::Publish(changed) => drop(turn.changed.insert(changed)),
                Effect::StartCheck(job) => self.start_check(job),
                Effect::DropTicket(ticket) => {
                    self.custody.drop_draft(ticket);
                    self.tokens.remove(&ticket);
                    self.opened.remove(&CheckTarget::Ticket(ticket));
                    if let Some(check) = self.running.remove(&CheckTarget::Ticket(ticket)) {
                        check.abort();
                    }
                }
                Effect::MakeTags { run, parts } => follow.push(self.make_tags(run, parts)),
                Effect::MakeTag { intent, parts, by, reply } => match self.make_tag(parts) {
                    Some(tag) => {
                        let attempt = parts.attempt;
                        follow.push(Msg::TagMade { intent, attempt, tag, by, reply });
                    }
                    None => {
                        if let Some(reply) = reply {
                            let sealed = Failure::new(Code::Sealed, "the vault is sealed");
                            self.reply(reply, Err(sealed));
                        }
                    }
                },
                Effect::Send(job) => self.send(job),
                Effect::ReadBook { account, route, trades } => {
                    self.read_book(account, &route, trades);
                }
                Effect::Cancel { intent, route, order_id } => {
                    self.cancel(intent, &route, order_id);
                }
                Effect::DeriveKeys { reply, task } => self.derive_keys(reply, task),
                Effect::OpenVault => self.open_vault(),
                Effect::Backup(job) => self.back_up(job),
                Effect::Purge(job) => self.purge(job),
                Effect::PackJournal => turn.batch.pack = self.is_loose(),
                Effect::PackRuns { runs } => self.pack(runs),
                Effect::SealVault => self.seal_vault(),
                Effect::LoadInstruments { broker, wanted, due, lender } => {
                    self.load_instruments(broker, wanted, due, lender);
                }
                Effect::ObserveEgresses => self.observe_egresses(),
                Effect::Warm { broker, egress, connections } => {
                    self.warm(broker, &egress, connections);
                }
            }
        }
        follow
    }

    /// Hands the turn's batch to the store and tells the watchers what changed.
    pub(super) fn end_turn(&mut self, turn: Turn) {
        let Turn { mut batch, mut note, changed } = turn;
        note.since = Some(Instant::now());
        note.packs = batch.pack;
        batch.records = note.records.iter().map(encode).collect();
        let empty = batch.records.is_empty() && batch.journal.is_empty() && batch.audit.is_empty();
        if !empty || batch.pack {
            points::submitted(&note, !batch.audit.is_empty());
            // A stopped writer has reported why; that report ends the loop.
            let _ = self.writer.submit(batch, note);
        }
        let now = self.clock.now();
        self.watchers.note(changed);
        self.watchers.tell(&self.model, now, Instant::now());
    }

    /// Adds a commit to the turn's batch; what cannot be sealed is not written at all.
    fn gather(&mut self, commit: Commit, turn: &mut Turn) {
        let mut sealed = Batch::default();
        for seal in &commit.seal {
            match self.seal(seal) {
                Ok(more) => sealed.add(more),
                Err(failure) => {
                    tracing::error!(error = %failure, "a secret could not be sealed; nothing was stored");
                    if let Some((to, _)) = commit.ack {
                        self.reply(to, Err(failure));
                    }
                    return;
                }
            }
        }
        if let Some(run) = &commit.archive {
            let Some(rows) = self.packed.remove(run) else {
                tracing::error!(%run, "what was packed of it is gone; nothing was archived");
                return;
            };
            turn.batch.archive.push(rows);
        }
        turn.batch.add(sealed);
        turn.batch.journal.extend(commit.journal);
        turn.batch.audit.extend(commit.audit);
        turn.note.records.extend(commit.records);
        turn.note.acks.extend(commit.ack);
        turn.note.then.extend(commit.then);
    }

    fn seal(&mut self, seal: &Seal) -> Result<Batch, Failure> {
        let sealed = match seal {
            Seal::Adopt { ticket, user, account } => {
                self.custody.adopt_draft(*ticket, user, *account)
            }
            Seal::Session { from, user, account } => match self.opened.remove(from) {
                Some(session) => self.custody.seal_session(user, *account, &session),
                None => return Ok(Batch::default()),
            },
            Seal::Keys => match self.derived.take() {
                Some(derived) => self.custody.take_over(derived),
                None => return Err(Failure::new(Code::Internal, "the derived key is gone")),
            },
            Seal::Reencrypt { user } => {
                let accounts: Vec<AccountId> =
                    self.model.accounts_of(Some(user)).map(|(id, _)| id).collect();
                self.custody.reencrypt(user, &accounts)
            }
            Seal::Forget { user, account } => Ok(self.forget(user, *account)),
        };
        sealed.map_err(|error| Failure::new(Code::Sealed, error.to_string()))
    }

    /// Forgets an account's secrets, and its user's key with the user's last account: then nothing
    /// that was ever sealed for them opens again.
    fn forget(&mut self, user: &UserId, account: AccountId) -> Batch {
        let mut batch = self.custody.forget(account);
        let last = self.model.accounts_of(Some(user)).all(|(id, _)| id == account);
        if last {
            batch.add(self.custody.forget_user(user));
        }
        batch
    }

    pub(super) fn answer(&self, answer: Answer) -> Result<Said, Failure> {
        match answer {
            Answer::Done => done(),
            Answer::Ticket(ticket) => said(&ticket),
            Answer::BackedUp(made) => said(&made),
            Answer::Purged(made) => said(&made),
            Answer::Touched(accounts) => said(&Touched { accounts }),
            Answer::RunCalled(called) => said(&called),
            Answer::PlanCheck(check) => said(&check),
            Answer::Calendar => said(&self.model.calendar.view(self.clock.now().date())),
            Answer::Plan(id) => match view::plan(&self.model, self.clock.now(), &id) {
                Some(plan) => said(&plan),
                None => {
                    Err(Failure::new(Code::NotFound, format!("plan {id} was removed meanwhile")))
                }
            },
        }
    }

    pub(super) fn reply(&mut self, to: ReplyTo, answer: Result<Said, Failure>) {
        self.key_secrets.remove(&to);
        if let Some(waiting) = self.waiting.remove(&to) {
            // The peer may have gone.
            drop(waiting.send(answer));
        }
    }

    /// The tags of a run: deterministic, and nobody else's, by a MAC only custody can make.
    fn make_tags(&self, run: RunId, parts: Vec<(AccountId, Vec<TagParts>)>) -> Msg {
        let maker = self.tag_maker();
        let of_account = |(account, legs): (AccountId, Vec<TagParts>)| {
            let maker = maker.as_ref()?;
            Some((account, legs.into_iter().map(|parts| maker.tag(parts)).collect()))
        };
        Msg::TagsMade { run, tags: parts.into_iter().filter_map(of_account).collect() }
    }

    fn make_tag(&self, parts: TagParts) -> Option<OrderTag> {
        Some(self.tag_maker()?.tag(parts))
    }

    fn tag_maker(&self) -> Option<TagMaker> {
        let key = self.custody.tag_key();
        let told = |error: &CustodyError| tracing::error!(%error, "no tag can be made");
        Some(TagMaker::new(&*key.inspect_err(told).ok()?))
    }
}

/// The keyed part of tags, set up once for all of a run.
struct TagMaker {
    mac: Hmac<Sha256>,
    shift: Shift,
}

impl TagMaker {
    fn new(key: &[u8; 32]) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        let [a, b, c, d, ..] = digest(&mac, b"account shift");
        Self { mac, shift: Shift::from_bytes([a, b, c, d]) }
    }

    fn tag(&self, parts: TagParts) -> OrderTag {
        parts.tag(self.shift, &digest(&self.mac, parts.body(self.shift).as_bytes()))
    }
}

fn digest(mac: &Hmac<Sha256>, text: &[u8]) -> [u8; 32] {
    mac.clone().chain_update(text).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use muster_protocol::ids::{Attempt, LegNo};

    use super::*;

    fn parts() -> TagParts {
        TagParts {
            date: "2026-11-23".parse().unwrap(),
            plan: 1,
            firing: 1,
            account: AccountId(46),
            leg: LegNo(2),
            attempt: Attempt(1),
        }
    }

    /// What a restored store and a second machine rest on, and what keeps two installations apart.
    #[test]
    fn i18_a_tag_s_code_follows_from_the_key_and_from_every_part_and_from_nothing_else() {
        let code = |tag: OrderTag| tag.0.get(12..).unwrap().to_owned();
        let maker = TagMaker::new(&[7; 32]);
        assert_eq!(maker.tag(parts()), TagMaker::new(&[7; 32]).tag(parts()));
        let others = [
            parts(),
            TagParts { date: "2026-11-25".parse().unwrap(), ..parts() },
            TagParts { plan: 2, ..parts() },
            TagParts { firing: 2, ..parts() },
            TagParts { account: AccountId(47), ..parts() },
            TagParts { leg: LegNo(3), ..parts() },
            TagParts { attempt: Attempt(2), ..parts() },
        ];
        let mut codes: BTreeSet<String> = others.map(|other| code(maker.tag(other))).into();
        let other_key = TagMaker::new(&[8; 32]).tag(parts());
        assert_ne!(other_key.0.get(5..9), maker.tag(parts()).0.get(5..9), "the account's digits");
        codes.insert(code(other_key));
        assert_eq!(codes.len(), 8);
        assert!(codes.iter().all(|code| code.len() == 7));
    }
}
