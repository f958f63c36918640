//! A line for each kind of reply, as the daemon writes it, and each code of a failure.

use std::collections::BTreeSet;

use muster_protocol::account::{AccountStatus, Fitness, SessionView, Unfit};
use muster_protocol::audit::{AuditRow, AuditVerified};
use muster_protocol::check::OrderPermission;
use muster_protocol::event::AuditEntry;
use muster_protocol::failure::FailureKind;
use muster_protocol::frame::{Code, Failure, ReplyLine};
use muster_protocol::house::HouseView;
use muster_protocol::ids::AccountId;
use muster_protocol::instrument::InstrumentView;
use muster_protocol::money::{Paise, Quantity};
use muster_protocol::muster::MusterBoard;
use muster_protocol::order::{Broker, Exchange};
use muster_protocol::plan::Mode;
use muster_protocol::reply::{
    BackedUp, Done, Purged, Role, RunCalled, RunDetails, Subscribed, Ticket, Touched, Welcome,
};
use muster_protocol::request::{
    Abandon, AddSlot, AmendCalendar, ArmPlan, Backup, Call, CallMuster, ChangeSecret, CheckPlan,
    Connect, Halt, Hello, House, LabelAccounts, ListAccounts, ListAudit, ListPlans, ListRuns,
    ListSlots, Login, Muster, Purge, PutPlan, QueryJournal, QueryReport, Reencrypt, Release,
    RemoveAccount, RemovePlan, RemoveSlot, Request, ResolveIntent, Resume, Rotate, RunNow, Seal,
    SearchInstruments, SetActive, SetAutoExecute, SetEgress, ShowCalendar, ShowRun, Status,
    SubmitRedirect, Subscribe, TestAccounts, Unseal, UpgradeKdf, VerifyAudit,
};
use muster_protocol::run::{IntentStatus, RunState};
use muster_protocol::status::{
    AuditHead, ClockView, EgressState, HoldReason, MissedRun, Ntp, StatusView,
};
use muster_protocol::vault::{KdfCost, SlotKind, SlotView};
use muster_protocol::version::ProtocolVersion;

use crate::days::{calendar, report};
use crate::feed::snapshot;
use crate::lines;
use crate::samples::{
    HASH, TICKET, account, at, board, entry, fresh_account, health, intent, plan, plan_check, run,
    run_id, status, user,
};

/// The lines, and which methods they answer.
struct Lines {
    lines: Vec<String>,
    methods: BTreeSet<&'static str>,
}

impl Lines {
    /// The reply of `C`, by the way it takes in the daemon: a value first, then the line.
    fn answer<C: Call>(&mut self, reply: &C::Reply) {
        let id = self.lines.len() as u64;
        let value = serde_json::to_value(reply).unwrap();
        let line = serde_json::to_string(&ReplyLine::result(id, value)).unwrap();
        let Ok(ReplyLine::Result { id: read, result, .. }) = serde_json::from_str(&line) else {
            panic!("not read as a result: {line}")
        };
        let typed: C::Reply = serde_json::from_value(result).unwrap();
        let value = serde_json::to_value(&typed).unwrap();
        let again = serde_json::to_string(&ReplyLine::result(read, value)).unwrap();
        assert_eq!(again, line, "what was read is what was written");
        self.methods.insert(C::METHOD);
        self.lines.push(line);
    }
}

fn role_after(role: Option<&Role>) -> Option<Role> {
    match role {
        None => Some(Role::Operator),
        Some(Role::Operator) => Some(Role::Viewer),
        Some(Role::Viewer) => Some(Role::User { user: user() }),
        Some(Role::User { .. }) => None,
    }
}

/// Every reason there is, one after the other.
fn unfit_after(reason: Option<&Unfit>) -> Option<Unfit> {
    Some(match reason {
        None => Unfit::Untested,
        Some(Unfit::Untested) => {
            Unfit::CheckFailed { kind: FailureKind::OtpRejected, detail: "AB1050".to_owned() }
        }
        Some(Unfit::CheckFailed { .. }) => Unfit::LoginDue,
        Some(Unfit::LoginDue) => Unfit::NoSession,
        Some(Unfit::NoSession) => Unfit::SessionEndsEarly { until: at("15:00:00") },
        Some(Unfit::SessionEndsEarly { .. }) => Unfit::OrderPermission {
            permission: OrderPermission::Refused { seen: Some("198.51.100.4".to_owned()) },
        },
        Some(Unfit::OrderPermission { .. }) => {
            Unfit::Leg { leg: 2, why: "20 is no multiple of the lot of 75".to_owned() }
        }
        Some(Unfit::Leg { .. }) => Unfit::Cap { why: "5 orders, at most 4".to_owned() },
        Some(Unfit::Cap { .. }) => Unfit::Sealed,
        Some(Unfit::Sealed) => Unfit::Halted,
        Some(Unfit::Halted) => Unfit::EgressWrong {
            seen: "198.51.100.4".to_owned(),
            registered: "203.0.113.7".to_owned(),
        },
        Some(Unfit::EgressWrong { .. }) => Unfit::EgressGone { why: "no such address".to_owned() },
        Some(Unfit::EgressGone { .. }) => Unfit::EgressShared { users: 2 },
        Some(Unfit::EgressShared { .. }) => Unfit::ClockOff { offset_ms: -3_200 },
        Some(Unfit::ClockOff { .. }) => Unfit::NoInstruments { why: "not today".to_owned() },
        Some(Unfit::NoInstruments { .. }) => {
            Unfit::UnknownInstruments { symbols: vec!["SBIN".to_owned()] }
        }
        Some(Unfit::UnknownInstruments { .. }) => {
            Unfit::SegmentOff { exchanges: vec![Exchange::Nfo] }
        }
        Some(Unfit::SegmentOff { .. }) => {
            Unfit::FundsShort { available: Paise(100), needed: Paise(200) }
        }
        Some(Unfit::FundsShort { .. }) => Unfit::InDoubt { orders: 1 },
        Some(Unfit::InDoubt { .. }) => return None,
    })
}

fn account_status_after(status: Option<&AccountStatus>) -> Option<AccountStatus> {
    Some(match status {
        None => AccountStatus::Active,
        Some(AccountStatus::Active) => AccountStatus::Inactive,
        Some(AccountStatus::Inactive) => AccountStatus::Testing,
        Some(AccountStatus::Testing) => AccountStatus::LoginDue,
        Some(AccountStatus::LoginDue) => AccountStatus::Untested,
        Some(AccountStatus::Untested) => AccountStatus::Failed(FailureKind::Maintenance),
        Some(AccountStatus::Failed(_)) => return None,
    })
}

fn run_state_after(state: Option<&RunState>) -> Option<RunState> {
    Some(match state {
        None => RunState::Frozen,
        Some(RunState::Frozen) => RunState::Firing,
        Some(RunState::Firing) => RunState::Closed,
        Some(RunState::Closed) => RunState::Missed { reason: "a holiday".to_owned() },
        Some(RunState::Missed { .. }) => return None,
    })
}

fn welcomes(lines: &mut Lines) {
    for role in lines::chain(role_after) {
        lines.answer::<Hello>(&Welcome {
            protocol: ProtocolVersion::CURRENT,
            build: "0.1.0".to_owned(),
            role,
            now: at("12:00:00"),
        });
    }
    lines.answer::<Status>(&status());
    for state in lines::chain(egress_after) {
        let mut seen = status();
        seen.egress.iter_mut().for_each(|egress| egress.state = state);
        seen.clock = ClockView { ntp: Ntp::Unsynchronised, ..ClockView::default() };
        lines.answer::<Status>(&seen);
    }
    lines.answer::<Subscribe>(&Subscribed { seq: 0, snapshot: snapshot() });
}

fn accounts(lines: &mut Lines) {
    let unfit = Fitness::Unfit { reasons: lines::chain(unfit_after) };
    let mut ended = fresh_account(AccountStatus::LoginDue, unfit);
    ended.session = SessionView::Ended { at: at("06:00:00") };
    lines.answer::<ListAccounts>(&vec![account(), ended]);
    let fresh = lines::chain(account_status_after).into_iter();
    lines.answer::<ListAccounts>(&fresh.map(|s| fresh_account(s, Fitness::Off)).collect());
    let link = "https://kite.zerodha.com/connect/login?v=3&api_key=key".to_owned();
    lines.answer::<Connect>(&Ticket { ticket: TICKET, link: None, expires: None });
    let expires = Some(at("12:10:00"));
    lines.answer::<Login>(&Ticket { ticket: TICKET, link: Some(link), expires });
    lines.answer::<SubmitRedirect>(&Done {});
    lines.answer::<Abandon>(&Done {});
    let touched = Touched { accounts: vec![AccountId(7), AccountId(8)] };
    lines.answer::<TestAccounts>(&touched);
    lines.answer::<SetActive>(&touched);
    lines.answer::<SetAutoExecute>(&touched);
    lines.answer::<SetEgress>(&Done {});
    lines.answer::<LabelAccounts>(&touched);
    lines.answer::<RemoveAccount>(&Done {});
}

fn plans_and_runs(lines: &mut Lines) {
    let mut never = plan();
    never.next_fire = None;
    never.no_fire_because = Some("the calendar ends on 31 Dec 2026".to_owned());
    lines.answer::<PutPlan>(&plan());
    lines.answer::<ArmPlan>(&plan());
    lines.answer::<CheckPlan>(&plan_check());
    lines.answer::<ShowCalendar>(&calendar());
    lines.answer::<AmendCalendar>(&calendar());
    lines.answer::<RemovePlan>(&Done {});
    lines.answer::<ListPlans>(&vec![plan(), never]);
    lines.answer::<Muster>(&board());
    let alone =
        MusterBoard { run: None, mustered: None, next_muster: None, rows: Vec::new(), ..board() };
    lines.answer::<Muster>(&alone);
    lines.answer::<CallMuster>(&Touched { accounts: vec![AccountId(7)] });
    lines.answer::<ListRuns>(&lines::chain(run_state_after).into_iter().map(run).collect());
    let intents = IntentStatus::ALL.into_iter().map(intent).collect();
    lines.answer::<ShowRun>(&RunDetails { run: run(RunState::Closed), intents });
    lines.answer::<ResolveIntent>(&Done {});
    lines.answer::<RunNow>(&RunCalled {
        run: run_id(),
        mode: Mode::Live,
        window_until: at("15:14:00"),
        accounts: 2,
    });
    lines.answer::<Halt>(&Done {});
    lines.answer::<QueryReport>(&report());
    lines.answer::<Resume>(&Done {});
    lines.answer::<QueryJournal>(&vec![entry(true), entry(false)]);
}

fn hold_after(reason: Option<&HoldReason>) -> Option<HoldReason> {
    Some(match reason {
        None => HoldReason::OlderStore,
        Some(HoldReason::OlderStore) => HoldReason::NoEpoch,
        Some(HoldReason::NoEpoch) => HoldReason::ClockBehind,
        Some(HoldReason::ClockBehind) => HoldReason::ClockSet,
        Some(HoldReason::ClockSet) => HoldReason::ClockUnsynchronised,
        Some(HoldReason::ClockUnsynchronised) => HoldReason::SecondSender,
        Some(HoldReason::SecondSender) => return None,
    })
}

fn egress_after(state: Option<&EgressState>) -> Option<EgressState> {
    Some(match state {
        None => EgressState::Unobserved,
        Some(EgressState::Unobserved) => EgressState::AsRegistered,
        Some(EgressState::AsRegistered) => EgressState::Stale,
        Some(EgressState::Stale) => EgressState::Another,
        Some(EgressState::Another) => EgressState::Gone,
        Some(EgressState::Gone) => return None,
    })
}

fn vault(lines: &mut Lines) {
    let cost = KdfCost { memory_kib: 262_144, passes: 3, lanes: 4 };
    lines.answer::<ListSlots>(&vec![
        SlotView { slot: 0, kind: SlotKind::Passphrase, cost: Some(cost) },
        SlotView { slot: 1, kind: SlotKind::Recovery, cost: None },
    ]);
    lines.answer::<Unseal>(&Done {});
    lines.answer::<Seal>(&Done {});
    lines.answer::<AddSlot>(&Done {});
    lines.answer::<RemoveSlot>(&Done {});
    lines.answer::<ChangeSecret>(&Done {});
    lines.answer::<UpgradeKdf>(&Done {});
    lines.answer::<Rotate>(&Done {});
    lines.answer::<Reencrypt>(&Done {});
    let file = "/var/backups/muster.redb".to_owned();
    lines.answer::<Backup>(&BackedUp { file, bytes: 1_589_248 });
    lines.answer::<Release>(&Done {});
    for held in lines::chain(hold_after) {
        let audit = AuditHead { entries: 7, hash: HASH.to_owned() };
        lines.answer::<Status>(&StatusView { held: Some(held), audit: Some(audit), ..status() });
    }
    let slot = SlotView { slot: 0, kind: SlotKind::Passphrase, cost: Some(cost) };
    let backup = Some(at("02:30:00"));
    let (records, journal) = (1_204, 214_220);
    lines.answer::<House>(&HouseView {
        store_bytes: Some(18_874_368),
        records,
        journal,
        slots: vec![slot],
        backup,
        brokers: health(),
    });
    let (store_bytes, slots, backup) = (None, Vec::new(), None);
    let brokers = Vec::new();
    lines.answer::<House>(&HouseView { store_bytes, records, journal, slots, backup, brokers });
    lines.answer::<Purge>(&Purged { before: 1_589_248, after: 1_056_768, overwritten: true });
    let head = AuditHead { entries: 7, hash: HASH.to_owned() };
    lines.answer::<VerifyAudit>(&AuditVerified { head: head.clone(), kept: None });
    lines.answer::<VerifyAudit>(&AuditVerified { head, kept: Some(3) });
    lines
        .answer::<ListAudit>(&[None, Some("asha.k at Zerodha".to_owned())].map(audit_row).to_vec());
    let missed = MissedRun { run: run_id(), reason: "the vault is sealed".to_owned() };
    lines.answer::<Status>(&StatusView { missed: vec![missed], ..status() });
}

fn audit_row(whom: Option<String>) -> AuditRow {
    let entry = AuditEntry {
        at: at("12:00:00"),
        by: "uid 1000".to_owned(),
        role: "operator".to_owned(),
        what: "connect".to_owned(),
        whom,
        done: true,
    };
    AuditRow { number: 7, hash: HASH.to_owned(), entry }
}

#[test]
fn every_reply_is_written_as_it_always_was() {
    let mut lines = Lines { lines: Vec::new(), methods: BTreeSet::new() };
    welcomes(&mut lines);
    accounts(&mut lines);
    plans_and_runs(&mut lines);
    vault(&mut lines);
    lines.answer::<SearchInstruments>(&vec![InstrumentView {
        exchange: Exchange::Nfo,
        symbol: "NIFTY26NOVFUT".to_owned(),
        name: "NIFTY".to_owned(),
        tick: Paise(10),
        lot: Quantity::try_from(65).unwrap(),
        brokers: Broker::ALL.to_vec(),
    }]);
    assert_eq!(lines.methods, Request::METHODS.iter().copied().collect(), "a reply of each method");
    lines::check("replies.jsonl", &lines.lines);
}

fn code_after(code: Option<&Code>) -> Option<Code> {
    Some(match code {
        None => Code::Parse,
        Some(Code::Parse) => Code::InvalidRequest,
        Some(Code::InvalidRequest) => Code::UnknownMethod,
        Some(Code::UnknownMethod) => Code::InvalidParams,
        Some(Code::InvalidParams) => Code::Internal,
        Some(Code::Internal) => Code::Forbidden,
        Some(Code::Forbidden) => Code::NotFound,
        Some(Code::NotFound) => Code::Conflict,
        Some(Code::Conflict) => Code::Busy,
        Some(Code::Busy) => Code::Sealed,
        Some(Code::Sealed) => return None,
    })
}

#[test]
fn every_failure_is_written_as_it_always_was() {
    let mut lines = Vec::new();
    for code in lines::chain(code_after) {
        // What could not be read has no number to answer to.
        let id = (code != Code::Parse).then_some(lines.len() as u64);
        let line = ReplyLine::error(id, Failure::new(code, "what to do"));
        let line = serde_json::to_string(&line).unwrap();
        let Ok(ReplyLine::Error { id: read, error, .. }) = serde_json::from_str(&line) else {
            panic!("not read as an error: {line}")
        };
        assert_eq!((read, error.code), (id, code));
        lines.push(line);
    }
    lines::check("failures.jsonl", &lines);
}
