//! A line for each request, as a client writes it, and that the daemon reads it back.

use std::collections::BTreeSet;

use muster_protocol::account::Credential;
use muster_protocol::event::{Area, Level};
use muster_protocol::frame::{CallLine, RequestLine, Version};
use muster_protocol::halt::{HaltScope, Verdict};
use muster_protocol::ids::{AccountId, IntentId, LegNo, OrderId};
use muster_protocol::order::Broker;
use muster_protocol::plan::Mode;
use muster_protocol::request::{
    Abandon, AddSlot, AmendCalendar, ArmPlan, Backup, Call, CallMuster, ChangeSecret, CheckPlan,
    Connect, Halt, Hello, House, JournalFilter, LabelAccounts, ListAccounts, ListAudit, ListPlans,
    ListRuns, ListSlots, Login, Muster, Purge, PutPlan, QueryJournal, QueryReport, Reencrypt,
    Release, RemoveAccount, RemovePlan, RemoveSlot, Request, ResolveIntent, Resume, Rotate, RunNow,
    Seal, SearchInstruments, Selection, SetActive, SetAutoExecute, SetEgress, ShowCalendar,
    ShowRun, Status, SubmitRedirect, Subscribe, TestAccounts, Unseal, UpgradeKdf, VerifyAudit,
};
use muster_protocol::run::CalledAs;
use muster_protocol::secret::Secret;
use muster_protocol::vault::SlotKind;
use muster_protocol::version::ProtocolVersion;
use serde::Serialize;

use crate::lines;
use crate::samples::{HASH, TICKET, at, run_id, spec, user};

/// The lines, and which methods they call.
struct Lines {
    lines: Vec<String>,
    methods: BTreeSet<&'static str>,
}

impl Lines {
    fn say<C: Call>(&mut self, call: &C) {
        let id = self.lines.len() as u64;
        let line = written(&CallLine { jsonrpc: Version::V2, id, method: C::METHOD, params: call });
        self.methods.insert(C::METHOD);
        let read: RequestLine<'_> = serde_json::from_str(&line).unwrap();
        let request = Request::parse(&read.method, read.params).unwrap();
        assert_eq!((read.id, request.method()), (id, C::METHOD));
        assert_eq!(again(id, &request), line, "what was read is what was written");
        self.lines.push(line);
    }
}

fn written<C: Serialize>(line: &CallLine<'_, C>) -> String {
    serde_json::to_string(line).unwrap()
}

/// Writes a request that was read. The match is exhaustive: a new request is met here, and is
/// then missing in the list below.
fn again(id: u64, request: &Request) -> String {
    fn line<C: Call>(id: u64, params: &C) -> String {
        written(&CallLine { jsonrpc: Version::V2, id, method: C::METHOD, params })
    }
    match request {
        Request::Hello(call) => line(id, call),
        Request::Status(call) => line(id, call),
        Request::Subscribe(call) => line(id, call),
        Request::ListAccounts(call) => line(id, call),
        Request::Connect(call) => line(id, call),
        Request::Login(call) => line(id, call),
        Request::SubmitRedirect(call) => line(id, call),
        Request::Abandon(call) => line(id, call),
        Request::TestAccounts(call) => line(id, call),
        Request::SetActive(call) => line(id, call),
        Request::SetAutoExecute(call) => line(id, call),
        Request::LabelAccounts(call) => line(id, call),
        Request::RemoveAccount(call) => line(id, call),
        Request::SetEgress(call) => line(id, call),
        Request::Muster(call) => line(id, call),
        Request::CallMuster(call) => line(id, call),
        Request::PutPlan(call) => line(id, call),
        Request::CheckPlan(call) => line(id, call),
        Request::ShowCalendar(call) => line(id, call),
        Request::AmendCalendar(call) => line(id, call),
        Request::ArmPlan(call) => line(id, call),
        Request::RemovePlan(call) => line(id, call),
        Request::ListPlans(call) => line(id, call),
        Request::ListRuns(call) => line(id, call),
        Request::ShowRun(call) => line(id, call),
        Request::ResolveIntent(call) => line(id, call),
        Request::RunNow(call) => line(id, call),
        Request::Halt(call) => line(id, call),
        Request::QueryReport(call) => line(id, call),
        Request::Resume(call) => line(id, call),
        Request::QueryJournal(call) => line(id, call),
        Request::SearchInstruments(call) => line(id, call),
        Request::House(call) => line(id, call),
        Request::ListSlots(call) => line(id, call),
        Request::Unseal(call) => line(id, call),
        Request::Seal(call) => line(id, call),
        Request::AddSlot(call) => line(id, call),
        Request::RemoveSlot(call) => line(id, call),
        Request::ChangeSecret(call) => line(id, call),
        Request::UpgradeKdf(call) => line(id, call),
        Request::Rotate(call) => line(id, call),
        Request::Reencrypt(call) => line(id, call),
        Request::Backup(call) => line(id, call),
        Request::Purge(call) => line(id, call),
        Request::VerifyAudit(call) => line(id, call),
        Request::ListAudit(call) => line(id, call),
        Request::Release(call) => line(id, call),
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn connections(lines: &mut Lines) {
    lines.say(&Connect {
        user: user(),
        egress: None,
        replaces: None,
        credential: Credential::Zerodha { api_key: secret("key"), api_secret: secret("secret") },
    });
    lines.say(&Connect {
        user: user(),
        egress: Some("main".parse().unwrap()),
        replaces: Some(AccountId(7)),
        credential: Credential::AngelOne {
            api_key: secret("key"),
            client_id: "S100001".to_owned(),
            mpin: secret("0000"),
            totp_secret: secret("JBSWY3DPEHPK3PXP"),
            api_secret: Some(secret("secret")),
        },
    });
    lines.say(&Login { account: AccountId(7) });
    lines.say(&SubmitRedirect { ticket: TICKET, redirected: secret("token") });
    lines.say(&Abandon { ticket: TICKET });
}

fn accounts(lines: &mut Lines) {
    lines.say(&ListAccounts {});
    lines.say(&TestAccounts { accounts: Selection::All });
    lines.say(&SetActive { accounts: Selection::Ids(vec![AccountId(7)]), on: false });
    lines.say(&SetAutoExecute { accounts: Selection::All, on: true });
    lines.say(&SetEgress { account: AccountId(7), egress: "second".parse().unwrap() });
    let label = |text: &str| vec![text.parse().unwrap()];
    lines.say(&LabelAccounts {
        accounts: Selection::All,
        add: label("family"),
        remove: label("old"),
    });
    lines.say(&RemoveAccount { account: AccountId(7), confirm: user() });
}

fn plans_and_runs(lines: &mut Lines) {
    lines.say(&PutPlan { spec: spec() });
    lines.say(&CheckPlan { spec: spec() });
    lines.say(&ArmPlan { plan: spec().name, mode: Mode::Live, hash: HASH.to_owned() });
    lines.say(&RemovePlan { plan: spec().name });
    lines.say(&ListPlans {});
    lines.say(&Muster { plan: None, account: None, brief: false });
    lines.say(&Muster { plan: Some(spec().name), account: None, brief: true });
    lines.say(&Muster { plan: None, account: Some(AccountId(7)), brief: false });
    lines.say(&CallMuster {});
    lines.say(&ListRuns {});
    lines.say(&ShowRun { run: run_id() });
    let intent = IntentId { run: run_id(), account: AccountId(7), leg: LegNo(0) };
    let found = Verdict::Found { order_id: OrderId("261123000000001".to_owned()) };
    for verdict in [found, Verdict::NotPlaced, Verdict::SendAgain] {
        lines.say(&ResolveIntent { intent: intent.clone(), verdict });
    }
    for called in [CalledAs::Extra, CalledAs::InsteadOf { at: at("15:10:00") }] {
        lines.say(&RunNow { run: run_id(), hash: HASH.to_owned(), mode: Mode::Live, called });
    }
    lines.say(&Halt { scope: HaltScope::All, cancel_open: true });
    lines.say(&Halt { scope: HaltScope::User(user()), cancel_open: false });
    lines.say(&QueryReport { date: Some(run_id().date) });
    lines.say(&Resume { scope: HaltScope::Plan(spec().name) });
    lines.say(&QueryJournal { after: 0, limit: 10, filter: JournalFilter::default() });
    let filter = JournalFilter {
        level: Some(Level::Error),
        area: Some(Area::Session),
        user: Some(user()),
        account: Some(AccountId(7)),
        broker: Some(Broker::AngelOne),
        run: Some(run_id()),
        text: Some("doubt".to_owned()),
        since: Some(at("09:00:00")),
        until: Some(at("16:00:00")),
        before: Some(900),
    };
    lines.say(&QueryJournal { after: 3, limit: 1_000, filter });
}

fn calendar(lines: &mut Lines) {
    lines.say(&ShowCalendar {});
    for change in crate::days::calendar_changes() {
        lines.say(&AmendCalendar { change, reason: "NSE/CMTR/80000".to_owned() });
    }
}

fn vault(lines: &mut Lines) {
    let old = || secret("old");
    lines.say(&ListSlots {});
    lines.say(&Unseal { secret: old() });
    lines.say(&Seal {});
    for kind in [SlotKind::Passphrase, SlotKind::KeyFile, SlotKind::Recovery] {
        lines.say(&AddSlot { secret: old(), kind, new: secret("new") });
    }
    lines.say(&RemoveSlot { secret: old(), slot: 1 });
    lines.say(&ChangeSecret { secret: old(), new: secret("new") });
    lines.say(&UpgradeKdf { secret: old() });
    lines.say(&Rotate { secret: old() });
    lines.say(&Reencrypt { user: user() });
    lines.say(&Backup { file: "/var/backups/muster.redb".to_owned() });
    lines.say(&Release {});
    lines.say(&House {});
    lines.say(&Purge {});
    lines.say(&VerifyAudit { head: None });
    lines.say(&VerifyAudit { head: Some("0a1b2c".to_owned()) });
    lines.say(&ListAudit { after: 3, before: None, limit: 1_000 });
}

#[test]
fn every_request_is_written_as_it_always_was() {
    let mut lines = Lines { lines: Vec::new(), methods: BTreeSet::new() };
    let hello = Hello {
        protocol: ProtocolVersion::CURRENT,
        build: "0.1.0".to_owned(),
        client: "muster".to_owned(),
    };
    lines.say(&hello);
    lines.say(&Status {});
    lines.say(&Subscribe { journal_tail: 200 });
    connections(&mut lines);
    accounts(&mut lines);
    plans_and_runs(&mut lines);
    calendar(&mut lines);
    vault(&mut lines);
    lines.say(&SearchInstruments { text: "nfo:nifty fut".to_owned(), limit: 20 });
    lines.say(&ListAudit { after: 0, before: Some(2_001), limit: 1_000 });
    assert_eq!(lines.methods, Request::METHODS.iter().copied().collect(), "a line for each method");
    lines::check("requests.jsonl", &lines.lines);
}

#[test]
fn what_may_be_left_out_of_a_request_stays_so() {
    for (method, params) in [
        ("status", None),
        ("journal", Some(r#"{"limit":1}"#)),
        ("plan.put", Some(r#"{"spec":{"name":"a","legs":[]}}"#)),
    ] {
        let params = params.map(|text| serde_json::from_str(text).unwrap());
        assert!(Request::parse(method, params).is_ok(), "{method}");
    }
}
