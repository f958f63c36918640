//! The model: everything the daemon knows that is not a secret, and how a durable record changes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use muster_protocol::halt::HaltScope;
use muster_protocol::ids::{
    AccountId, EgressName, IntentId, LegNo, PlanId, RunId, TicketId, UserId,
};
use muster_protocol::order::{Broker, Exchange};
use muster_protocol::run::RunCounts;
use muster_protocol::status::{AuditHead, HoldReason, VaultState};
use muster_protocol::time::{Timestamp, TradingDate};

use super::account::Account;
use super::archive::Archiving;
use super::calendar::Calendar;
use super::check::Check;
use super::clock_guard::{ClockEvent, ClockGuard};
use super::effect::Route;
use super::egress::{Seen, Shares};
use super::flight::Flights;
use super::illegal::Illegal;
use super::instrument::Instrument;
use super::intent::Intent;
use super::keyring::Keyring;
use super::limits::Spacing;
use super::muster::Purpose;
use super::plan::Plan;
use super::record::{HoldEvent, Record};
use super::run::{Run, Stage};
use super::watch::Watches;

pub use super::lists::{Checking, ListState, NoInstrument};
pub use super::working::{CancelAnswer, Deciding, Firing, Reading, Ticket, TicketKind};

pub use super::settings::{EgressSettings, FREEZE_LEAD_MS, LOGIN_TTL_MS, MUSTER_TIMES, Settings};

/// Everything the daemon knows.
#[derive(Debug)]
pub struct Model {
    /// Fixed by the configuration.
    pub settings: Settings,
    /// The exchange calendar.
    pub calendar: Calendar,
    /// When the daemon started.
    pub started: Timestamp,
    /// Sealed or open.
    pub vault: VaultState,
    /// Durable: the accounts.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Durable: the number the next account gets; numbers are never used again.
    pub next_account: u32,
    /// Durable: the plans, removed ones too.
    pub plans: BTreeMap<PlanId, Plan>,
    /// Durable: the runs.
    pub runs: BTreeMap<RunId, Run>,
    /// Durable: the intents.
    pub intents: BTreeMap<IntentId, Intent>,
    /// Durable: what is halted.
    pub halts: BTreeSet<HaltScope>,
    /// Derived: who leaves where for which broker.
    pub shares: Shares,
    /// Derived: how each run's intents stand.
    pub counts: BTreeMap<RunId, RunCounts>,
    /// Checks of stored accounts under way.
    pub checks: BTreeMap<AccountId, Check>,
    /// Connections and logins under way.
    pub tickets: BTreeMap<TicketId, Ticket>,
    /// Decisions on their way to the disk.
    pub deciding: BTreeSet<Deciding>,
    /// Queues of the runs that are firing.
    pub firing: BTreeMap<RunId, Firing>,
    /// Derived: when each live session ends by itself, the next first.
    pub session_ends: BTreeSet<(Timestamp, AccountId)>,
    /// Sends on their way, over all runs.
    pub in_flight: Flights,
    /// Each account's spacing of order calls.
    pub spacing: BTreeMap<AccountId, Spacing>,
    /// Derived: runs for which something is still to be done.
    pub open_runs: BTreeSet<RunId>,
    /// Derived: live runs of which nothing more is sent since their plan was disarmed or removed, and why.
    pub called_off: BTreeMap<RunId, &'static str>,
    /// When each account's order book is read.
    pub watches: Watches,
    /// What the books told of runs that are not over.
    pub readings: BTreeMap<RunId, Reading>,
    /// Durable: halts under which what is open is cancelled as well.
    pub cancels: BTreeSet<HaltScope>,
    /// Cancellations that wait for their account's spacing.
    pub cancelling: BTreeSet<(Timestamp, IntentId)>,
    /// What was last answered to an order's cancellation.
    pub cancel_answers: BTreeMap<IntentId, CancelAnswer>,
    /// Today's instruments, by broker and the exchange's symbol.
    pub instruments: BTreeMap<(Broker, Exchange, String), Instrument>,
    /// Where the list of each broker stands that was asked for one.
    pub lists: BTreeMap<Broker, ListState>,
    /// What each broker's list was looked through for: what is not known of it is not in the list.
    pub looked_for: BTreeMap<Broker, BTreeSet<(Exchange, String)>>,
    /// Checks of plans that wait for a list.
    pub checking: Vec<Checking>,
    /// The date on which it was last said that the calendar ends.
    pub calendar_said: Option<TradingDate>,
    /// What was found when each egress was last looked at.
    pub seen: BTreeMap<EgressName, Seen>,
    /// When the world was last asked what it sees of each egress.
    pub looked_out: Timestamp,
    /// When old journal entries were last packed, or the start.
    pub packed: Timestamp,
    /// The last muster, or the start.
    pub mustered: Timestamp,
    /// When all accounts were last called, since the daemon started.
    pub called: Option<Timestamp>,
    /// The firing of each plan before which its accounts were last called.
    pub called_for: BTreeMap<PlanId, Timestamp>,
    /// Accounts that wait for a check, and why.
    pub to_check: VecDeque<(AccountId, Purpose)>,
    /// When an account was last logged in again because its session ended before its time.
    pub relogins: BTreeMap<AccountId, Timestamp>,
    /// Whether the clock can be believed; its mark is durable.
    pub clock: ClockGuard,
    /// Durable: why no run happens until a person says go.
    pub held: Option<HoldReason>,
    /// The newest link of the audit chain.
    pub audit: AuditHead,
    /// Secrets being tried.
    pub keyring: Keyring,
    /// Runs that are due and cannot happen, of which it was said.
    pub warned: BTreeSet<RunId>,
    /// Runs that are being archived.
    pub archiving: Archiving,
    /// The daemon is stopping: nothing new is begun.
    pub stopping: bool,
}

impl Model {
    /// Gives back the room that maps of accounts have left between entries after they grew one by one.
    pub fn pack(&mut self) {
        self.accounts = std::mem::take(&mut self.accounts).into_iter().collect();
    }

    /// An empty model.
    pub fn new(settings: Settings, calendar: Calendar, now: Timestamp) -> Self {
        let clock = ClockGuard::new(settings.ntp);
        Self {
            settings,
            calendar,
            started: now,
            vault: VaultState::Open,
            accounts: BTreeMap::new(),
            next_account: 1,
            plans: BTreeMap::new(),
            runs: BTreeMap::new(),
            intents: BTreeMap::new(),
            halts: BTreeSet::new(),
            shares: Shares::default(),
            counts: BTreeMap::new(),
            checks: BTreeMap::new(),
            tickets: BTreeMap::new(),
            deciding: BTreeSet::new(),
            firing: BTreeMap::new(),
            in_flight: Flights::default(),
            session_ends: BTreeSet::new(),
            spacing: BTreeMap::new(),
            open_runs: BTreeSet::new(),
            called_off: BTreeMap::new(),
            watches: Watches::default(),
            readings: BTreeMap::new(),
            cancels: BTreeSet::new(),
            cancelling: BTreeSet::new(),
            cancel_answers: BTreeMap::new(),
            instruments: BTreeMap::new(),
            lists: BTreeMap::new(),
            looked_for: BTreeMap::new(),
            checking: Vec::new(),
            calendar_said: None,
            seen: BTreeMap::new(),
            looked_out: now,
            packed: now,
            mustered: now,
            called: None,
            called_for: BTreeMap::new(),
            to_check: VecDeque::new(),
            relogins: BTreeMap::new(),
            clock,
            held: None,
            audit: AuditHead::default(),
            keyring: Keyring::default(),
            warned: BTreeSet::new(),
            archiving: Archiving::from(now),
            stopping: false,
        }
    }

    /// Takes a durable record in: the same function live and at replay.
    pub fn apply(&mut self, record: &Record) -> Result<(), Illegal> {
        match record {
            Record::Started { at, .. } => self.clock.apply(ClockEvent::Mark { at: *at }),
            Record::Clock(event) => self.clock.apply(*event),
            Record::Vault(_) => {}
            Record::Calendar(event) => self.calendar.amend(event),
            Record::Hold(HoldEvent::Held { reason, .. }) => self.held = Some(*reason),
            Record::Hold(HoldEvent::Released { .. }) => self.held = None,
            // Setting what is set and ending what is not are no errors: both leave what was asked for.
            Record::Halt { scope, on, cancel, .. } => {
                if *on {
                    self.halts.insert(scope.clone());
                } else {
                    self.halts.remove(scope);
                    self.cancels.remove(scope);
                }
                if *on && *cancel {
                    self.cancels.insert(scope.clone());
                }
            }
            Record::Account(id, event) => {
                let before = self.accounts.get(id).and_then(|account| account.session.ends());
                let next = Account::next(self.accounts.get(id), event)?;
                self.next_account = self.next_account.max(id.0.saturating_add(1));
                self.shares.note(*id, self.accounts.get(id), next.as_ref());
                match next {
                    Some(account) => drop(self.accounts.insert(*id, account)),
                    None => drop(self.accounts.remove(id)),
                }
                self.note_session(*id, before);
            }
            Record::Session(id, event) => {
                let account = self.accounts.get_mut(id).ok_or(NO_ACCOUNT)?;
                let before = account.session.ends();
                account.session = account.session.next(*event)?;
                self.note_session(*id, before);
            }
            Record::Check(id, check) => {
                self.accounts.get_mut(id).ok_or(NO_ACCOUNT)?.checked(check);
            }
            Record::Plan(id, event) => {
                let next = Plan::next(self.plans.get(id), event)?;
                self.plans.insert(id.clone(), next);
                if let Some(why) = event.calls_off() {
                    self.call_off(id, why);
                }
            }
            Record::Run(id, event) => self.apply_run(id, event)?,
            Record::Intent(id, event) => {
                let intent = self.intents.get_mut(id).ok_or(Illegal {
                    machine: "intent",
                    state: "none",
                    event: "any",
                })?;
                let next = intent.next(event)?;
                let counts = self.counts.entry(id.run.clone()).or_default();
                counts.remove(intent.status());
                counts.add(next.status());
                *intent = next;
            }
        }
        Ok(())
    }

    /// Why no run can be frozen, fired or sent on now, if so.
    pub fn barred(&self) -> Option<&'static str> {
        if self.vault == VaultState::Sealed {
            return Some("the vault is sealed");
        }
        Some(match self.hold_reason()? {
            HoldReason::OlderStore | HoldReason::NoEpoch => "runs are HELD",
            HoldReason::ClockBehind => "HELD: the clock is behind what it showed before",
            HoldReason::ClockSet => "HELD: the clock was set and is not confirmed",
            HoldReason::ClockUnsynchronised => "HELD: the clock follows no time source",
            HoldReason::SecondSender => "HELD: a second daemon sends the same orders",
        })
    }

    /// What holds all runs, if anything does.
    pub fn hold_reason(&self) -> Option<HoldReason> {
        self.held.or(self.clock.fault())
    }

    /// The intents of one run, by account and leg.
    pub fn intents_of(&self, run: &RunId) -> impl Iterator<Item = (&IntentId, &Intent)> {
        let from = IntentId { run: run.clone(), account: AccountId(0), leg: LegNo(0) };
        self.intents.range(from..).take_while(move |(id, _)| id.run == *run)
    }

    /// The intents of one account in one run, by leg.
    pub fn legs_of(
        &self,
        run: &RunId,
        account: AccountId,
    ) -> impl Iterator<Item = (&IntentId, &Intent)> {
        let from = IntentId { run: run.clone(), account, leg: LegNo(0) };
        self.intents
            .range(from..)
            .take_while(move |(id, _)| id.run == *run && id.account == account)
    }

    /// How an account's calls leave.
    pub fn route(&self, account: AccountId) -> Option<Route> {
        self.accounts.get(&account).map(|account| Route {
            user: account.user.clone(),
            broker: account.broker,
            egress: account.identity.egress.clone(),
        })
    }

    /// Whether an order of this person under this plan is halted.
    pub fn is_halted(&self, user: &UserId, plan: &PlanId) -> bool {
        self.halts.iter().any(|scope| scope.holds(user, plan))
    }

    /// The runs for which something is still to be done.
    pub fn runs_open(&self) -> impl Iterator<Item = (&RunId, &Run)> {
        self.open_runs.iter().filter_map(|id| Some((id, self.runs.get(id)?)))
    }

    /// The runs that are firing.
    pub fn firing_runs(&self) -> impl Iterator<Item = (&RunId, &Run)> {
        self.runs_open().filter(|(_, run)| matches!(run.stage, Stage::Firing { .. }))
    }

    /// The accounts, a person's own or all.
    pub fn accounts_of(
        &self,
        only: Option<&UserId>,
    ) -> impl Iterator<Item = (AccountId, &Account)> {
        self.accounts
            .iter()
            .filter(move |(_, account)| only.is_none_or(|user| account.user == *user))
            .map(|(id, account)| (*id, account))
    }

    /// Notes when an account's session ends by itself, in place of what was noted.
    fn note_session(&mut self, id: AccountId, before: Option<Timestamp>) {
        if let Some(before) = before {
            self.session_ends.remove(&(before, id));
        }
        let until = self.accounts.get(&id).and_then(|account| account.session.ends());
        self.session_ends.extend(until.map(|until| (until, id)));
    }
}

const NO_ACCOUNT: Illegal =
    Illegal { machine: "account", state: "none", event: "session or check" };
