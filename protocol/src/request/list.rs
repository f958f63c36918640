//! Every request: its method, its parameters, its reply type, and who may ask. One list, here.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Call, InvalidRequest, JournalFilter, Permission, Selection};
use crate::account::{AccountView, Credential};
use crate::audit::{AuditRow, AuditVerified};
use crate::calendar::{CalendarChange, CalendarView};
use crate::event::JournalEntry;
use crate::halt::{HaltScope, Verdict};
use crate::house::HouseView;
use crate::ids::{AccountId, EgressName, IntentId, Label, PlanId, RunId, TicketId, UserId};
use crate::instrument::InstrumentView;
use crate::muster::MusterBoard;
use crate::params;
use crate::plan::{Mode, PlanCheck, PlanSpec, PlanView};
use crate::reply::{
    BackedUp, Done, Purged, RunCalled, RunDetails, Subscribed, Ticket, Touched, Welcome,
};
use crate::run::{CalledAs, RunView};
use crate::secret::Secret;
use crate::status::StatusView;
use crate::tally::DailyReport;
use crate::time::TradingDate;
use crate::vault::{SlotKind, SlotView};
use crate::version::ProtocolVersion;

requests! {
    /// The first call on every connection.
    Hello: "hello" -> Welcome, Anyone {
        /// What the client speaks.
        protocol: ProtocolVersion,
        /// The client's version.
        build: String,
        /// What kind of client, for the journal: `muster`, `script`.
        client: String,
    }
    /// The daemon at a glance.
    Status: "status" -> StatusView, Read {}
    /// A snapshot now and deltas from now on.
    Subscribe: "subscribe" -> Subscribed, Read {
        /// How many journal entries the snapshot holds, at most 1000.
        journal_tail: u32,
    }
    /// Every account the peer may see.
    ListAccounts: "account.list" -> Vec<AccountView>, Read {}
    /// Tests a credential and, only if the test succeeds, stores it.
    Connect: "account.connect" -> Ticket, Own {
        /// Whose account it is to be.
        user: UserId,
        /// Which way out; the default one if none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        egress: Option<EgressName>,
        /// Replaces the credential of this account instead of making a new one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<AccountId>,
        /// What the user entered.
        credential: Credential,
    }
    /// Begins the daily login of a Zerodha account.
    Login: "account.login" -> Ticket, Own {
        /// Which account.
        account: AccountId,
    }
    /// Hands over the address the browser ended at, or the bare request token.
    SubmitRedirect: "account.redirect" -> Done, Own {
        /// The connection or login it belongs to.
        ticket: TicketId,
        /// The whole address, or the token.
        redirected: Secret,
    }
    /// Gives a connection or login up; nothing of it remains.
    Abandon: "account.abandon" -> Done, Own {
        /// Which.
        ticket: TicketId,
    }
    /// Runs the connection test.
    TestAccounts: "account.test" -> Touched, Own {
        /// For whom.
        accounts: Selection,
    }
    /// Switches accounts on or off.
    SetActive: "account.set_active" -> Touched, Own {
        /// Which.
        accounts: Selection,
        /// On or off.
        on: bool,
    }
    /// Lets accounts take part in runs, or not.
    SetAutoExecute: "account.set_auto_execute" -> Touched, Own {
        /// Which.
        accounts: Selection,
        /// On or off.
        on: bool,
    }
    /// Gives an account another way out; its order permission is asked for anew.
    SetEgress: "account.set_egress" -> Done, Operate {
        /// Which account.
        account: AccountId,
        /// Which way out.
        egress: EgressName,
    }
    /// Puts labels on accounts and takes others off.
    LabelAccounts: "account.label" -> Touched, Operate {
        /// Which.
        accounts: Selection,
        /// These are put on.
        #[serde(default)]
        add: Vec<Label>,
        /// These are taken off.
        #[serde(default)]
        remove: Vec<Label>,
    }
    /// Forgets an account and its credential.
    RemoveAccount: "account.remove" -> Done, Operate {
        /// Which.
        account: AccountId,
        /// Its user's name, typed once more.
        confirm: UserId,
    }
    /// Makes or changes a plan. A new or changed plan is dry-run.
    PutPlan: "plan.put" -> PlanView, Operate {
        /// What it is to be.
        spec: PlanSpec,
    }
    /// Says what is wrong with a plan, without keeping it. Waits for the brokers' lists.
    CheckPlan: "plan.check" -> PlanCheck, Operate {
        /// What it would be.
        spec: PlanSpec,
    }
    /// Sets a plan live or dry-run.
    ArmPlan: "plan.arm" -> PlanView, Operate {
        /// Which.
        plan: PlanId,
        /// What it is to be.
        mode: Mode,
        /// The hash of the plan as the person saw it; refused if it has changed since.
        hash: String,
    }
    /// Forgets a plan. Its runs stay.
    RemovePlan: "plan.remove" -> Done, Operate {
        /// Which.
        plan: PlanId,
    }
    /// Every account at every gate before the next run.
    Muster: "muster" -> MusterBoard, Read {
        /// For this plan's next run; for the next run of any plan if none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<PlanId>,
        /// Only this account's row; the counts are everybody's all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// Rows without their gates.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        brief: bool,
    }
    /// Calls everybody now: tests every account that may be tested unasked.
    CallMuster: "muster.call" -> Touched, Operate {}
    /// Every plan.
    ListPlans: "plan.list" -> Vec<PlanView>, Read {}
    /// The runs of the last days, newest last.
    ListRuns: "run.list" -> Vec<RunView>, Read {}
    /// One run with its intents.
    ShowRun: "run.show" -> RunDetails, Read {
        /// Which.
        run: RunId,
    }
    /// The instruments whose symbol or name holds every word of a text, the nearest first.
    SearchInstruments: "instrument.search" -> Vec<InstrumentView>, Read {
        /// Words such as `sbin`, `nfo:nifty fut`.
        text: String,
        /// So many at most; 200 is the most.
        limit: u32,
    }
    /// The store's size, the vault's slots, the last backup.
    House: "house" -> HouseView, Read {}
    /// The ways to open the vault.
    ListSlots: "vault.slots" -> Vec<SlotView>, Operate {}
    /// Opens the vault.
    Unseal: "vault.unseal" -> Done, Operate {
        /// A passphrase, or a random key's text.
        secret: Secret,
    }
    /// Wipes the keys; nothing that needs them works until somebody unseals.
    Seal: "vault.seal" -> Done, Operate {}
    /// Makes one more way to open the vault.
    AddSlot: "vault.add_slot" -> Done, Operate {
        /// One that opens it now.
        secret: Secret,
        /// What the new one is.
        kind: SlotKind,
        /// The new one.
        new: Secret,
    }
    /// Takes a way to open the vault away; never the last.
    RemoveSlot: "vault.remove_slot" -> Done, Operate {
        /// One that opens it now.
        secret: Secret,
        /// Which slot.
        slot: u8,
    }
    /// Puts another secret of the same kind in the place of one. No record is sealed again.
    ChangeSecret: "vault.change" -> Done, Operate {
        /// The one that goes.
        secret: Secret,
        /// The one that comes.
        new: Secret,
    }
    /// Stretches a passphrase at today's cost.
    UpgradeKdf: "vault.upgrade" -> Done, Operate {
        /// The passphrase.
        secret: Secret,
    }
    /// Makes a new master key. Only the secret given opens it; every other slot is gone.
    Rotate: "vault.rotate" -> Done, Operate {
        /// One that opens it now, and is to open it.
        secret: Secret,
    }
    /// Makes a new key for a user and seals all of theirs again under it.
    Reencrypt: "vault.reencrypt" -> Done, Operate {
        /// Whose.
        user: UserId,
    }
    /// Writes the store into a new file that takes the old one's place, so that nothing deleted is left
    /// in it. Refused while a run is frozen or under way.
    Purge: "vault.purge" -> Purged, Operate {}
    /// Follows the audit chain from its beginning to its head.
    VerifyAudit: "audit.verify" -> AuditVerified, Operate {
        /// A hash that was kept elsewhere; it must be of an entry of the chain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<String>,
    }
    /// Entries of the audit, oldest first.
    ListAudit: "audit.list" -> Vec<AuditRow>, Operate {
        /// Only entries after this number.
        #[serde(default)]
        after: u64,
        /// Only entries before this number: the next page, backwards.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// The newest so many, at most 1000.
        limit: u32,
    }
    /// Writes a copy of the store to a new file, while everything goes on.
    Backup: "backup" -> BackedUp, Operate {
        /// An absolute path the daemon may write to; nothing may be there.
        file: String,
    }
    /// Lets runs happen again that are held.
    Release: "hold.release" -> Done, Operate {}
    /// Has a plan run now, once: live or dry as it is armed, for whoever is fit.
    RunNow: "run.now" -> RunCalled, Operate {
        /// The run it is to be: the plan, today, and the next firing's number. Refused if it is another by
        /// then, so that what is asked for twice happens once.
        run: RunId,
        /// The hash of the plan as the person saw it; refused if it has changed since.
        hash: String,
        /// How the plan was armed as the person saw it; refused if that has changed since.
        mode: Mode,
        /// What it is to the plan's next firing of today.
        called: CalledAs,
    }
    /// Settles an order in doubt by what a person found out.
    ResolveIntent: "run.resolve" -> Done, Operate {
        /// Which.
        intent: IntentId,
        /// What was found out.
        verdict: Verdict,
    }
    /// The exchange calendar, with who changed what in it.
    ShowCalendar: "calendar.show" -> CalendarView, Read {}
    /// Changes the exchange calendar.
    AmendCalendar: "calendar.amend" -> CalendarView, Operate {
        /// What changes.
        change: CalendarChange,
        /// Why, for everybody who looks at it later: the exchange's circular, for example.
        reason: String,
    }
    /// Stops orders from leaving. The reply comes when it is durable; nothing leaves after it.
    Halt: "halt" -> Done, Operate {
        /// What is stopped.
        scope: HaltScope,
        /// Also cancel the orders of today's runs that are open at the brokers.
        #[serde(default)]
        cancel_open: bool,
    }
    /// What a day came to: its runs, their tallies, and the head of the audit chain.
    QueryReport: "report" -> DailyReport, Operate {
        /// Which day; today if none is named.
        #[serde(default)]
        date: Option<TradingDate>,
    }
    /// Ends a halt.
    Resume: "resume" -> Done, Operate {
        /// Which.
        scope: HaltScope,
    }
    /// Entries of the journal, oldest first.
    QueryJournal: "journal" -> Vec<JournalEntry>, Read {
        /// Only entries after this number.
        #[serde(default)]
        after: u64,
        /// The newest so many, at most 1000.
        limit: u32,
        /// Which.
        #[serde(default)]
        filter: JournalFilter,
    }
}
