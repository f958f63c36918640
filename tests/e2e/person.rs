//! I21: the restricted screen. A person who is held to their own accounts hears nobody else's name in any
//! frame, whatever they ask for and whatever the operator does meanwhile; nor does the client tell it.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use muster_protocol::frame::{Code, Failure};
use muster_protocol::halt::HaltScope;
use muster_protocol::plan::{Caps, Share, Takers};
use muster_protocol::request::{
    Halt, LabelAccounts, ListAccounts, ListPlans, ListRuns, Muster, RemoveAccount, Request,
    Selection, Status, Subscribe, TestAccounts,
};
use muster_protocol::run::RunState;
use muster_tests::harness::{Person, eventually, two_legs};
use serde_json::{Value, json};

use crate::roles::{Open, USER, open};
use crate::wire::Wire;

/// The person, and a label that only others bear.
const OWN: &str = "s100001";
const THEIRS: &str = "strangers";

/// Everything that must not be heard: others' users and clients, their names, and their label.
async fn names(open: &Open) -> anyhow::Result<Vec<String>> {
    let seen = open.look().await?;
    let others = seen.accounts.iter().filter(|account| account.user.as_str() != OWN);
    let own = seen.accounts.iter().find(|account| account.user.as_str() == OWN).context("own")?;
    let mut names = vec![THEIRS.to_owned()];
    for account in others {
        let said = [account.user.as_str(), &account.client_id, &account.holder];
        names.extend(said.map(str::to_lowercase));
    }
    names.retain(|name| !name.is_empty() && *name != own.holder.to_lowercase());
    names.sort();
    names.dedup();
    anyhow::ensure!(names.len() > 3, "there are others: {names:?}");
    Ok(names)
}

fn hunt(names: &[String], heard: &str, of: &str) {
    let heard = heard.to_lowercase();
    assert!(heard.contains(OWN), "their own is told {of}");
    for name in names {
        let at = heard.find(name.as_str());
        let around = at.map(|at| {
            let from = heard.floor_char_boundary(at.saturating_sub(300));
            heard.get(from..heard.ceil_char_boundary(at + name.len() + 20))
        });
        assert_eq!(around, None, "{name} {of}");
    }
}

/// A day in which others have labels, terms of their own, a halt and a run they are left out of.
async fn stir(open: &Open) -> anyhow::Result<()> {
    let (operator, _feed) = open.world.client().await?;
    let accounts = operator.call(ListAccounts {}).await?;
    let ids = |own: bool| {
        let of = accounts.iter().filter(|account| (account.user.as_str() == OWN) == own);
        of.map(|account| account.id).collect::<Vec<_>>()
    };
    let label = |ids, name: &str| -> anyhow::Result<_> {
        let add = vec![name.parse()?];
        Ok(LabelAccounts { accounts: Selection::Ids(ids), add, remove: Vec::new() })
    };
    operator.call(label(ids(false), THEIRS)?).await?;
    operator.call(label(ids(true), "mine")?).await?;
    open.world.auto_execute_all().await?;
    let other = accounts.iter().find(|account| account.user.as_str() != OWN).context("other")?;
    let scope = HaltScope::User(other.user.clone());
    operator.call(Halt { scope, cancel_open: false }).await?;
    let mut spec = two_legs();
    spec.accounts = Takers::Labels(vec!["mine".parse()?, THEIRS.parse()?]);
    let terms = |accounts| Share { accounts, multiplier: Some(2), caps: Caps::default() };
    spec.shares =
        vec![terms(Takers::Labels(vec![THEIRS.parse()?])), terms(Takers::Ids(ids(false)))];
    open.world.arm(spec).await?;
    operator.call(TestAccounts { accounts: Selection::All }).await?;
    open.world.set_clock("2026-11-23T15:09:59+05:30")?;
    eventually("the run is closed", async || {
        let runs = operator.call(ListRuns {}).await;
        runs.is_ok_and(|runs| runs.iter().any(|run| run.state == RunState::Closed))
    })
    .await?;
    let gone = accounts.iter().rev().find(|a| a.user.as_str() != OWN).context("another")?;
    let confirm = gone.user.clone();
    operator.call(RemoveAccount { account: gone.id, confirm: confirm.clone() }).await?;
    for person in open.world.people()? {
        if *person.user() == confirm && matches!(person, Person::AngelOne(..) | Person::Zerodha(..))
        {
            open.world.connect_well(&person).await?;
        }
    }
    Ok(())
}

/// A value for every parameter there is, about somebody else where it can be.
fn parameters(other: &str, foreign: u32) -> BTreeMap<&'static str, Value> {
    let key = "canarykey0000000";
    BTreeMap::from([
        ("protocol", json!(1)),
        ("build", json!("0")),
        ("client", json!("x")),
        ("journal_tail", json!(1_000)),
        ("user", json!(other)),
        ("credential", json!({"broker": "zerodha", "api_key": key, "api_secret": key})),
        ("account", json!(foreign)),
        ("accounts", json!({"ids": [foreign]})),
        ("ticket", json!(1)),
        ("redirected", json!("abcdefghijklmnopqrstuvwxyz012345")),
        ("on", json!(true)),
        ("add", json!([])),
        ("remove", json!([])),
        ("confirm", json!(other)),
        ("spec", json!({"name": "mine", "legs": []})),
        ("plan", json!("btst")),
        ("mode", json!("live")),
        ("hash", json!("")),
        ("run", json!("btst@2026-11-23")),
        ("date", json!("2026-11-23")),
        ("intent", json!({"run": "btst@2026-11-23", "account": foreign, "leg": 0})),
        ("verdict", json!({"verdict": "not_placed"})),
        ("secret", json!("CANARY")),
        ("new", json!("CANARY")),
        ("kind", json!("passphrase")),
        ("slot", json!(0)),
        ("file", json!("/nowhere/backup")),
        ("scope", json!({"of": "user", "name": other})),
        ("egress", json!("main")),
        ("exchange", json!("NSE")),
        ("symbol", json!("INFY")),
        ("query", json!("INFY")),
        ("limit", json!(1_000)),
        ("after", json!(0)),
        ("text", json!("btst")),
        ("change", json!({"change": "remove", "date": "2026-11-24"})),
        ("reason", json!("a circular")),
        ("replaces", json!(foreign)),
        ("filter", json!({"user": other})),
        ("head", json!("0".repeat(64))),
        ("cancel_open", json!(false)),
        ("brief", json!(false)),
        ("before", json!(1_000_000)),
        ("called", json!({"is": "extra"})),
    ])
}

/// Asks for it with every parameter it takes, whether it must have it or not, as it tells whoever gives it
/// one it does not take.
async fn ask_fully(
    wire: &mut Wire,
    method: &str,
    values: &BTreeMap<&'static str, Value>,
) -> anyhow::Result<usize> {
    let params = json!({"no_such": 1});
    let line = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
    let answer = wire.ask(&line.to_string()).await?;
    let said = answer["error"]["message"].as_str().unwrap_or_default();
    let names = said.split("`no_such`").nth(1).unwrap_or_default();
    let names: Vec<&str> = names.split('`').skip(1).step_by(2).collect();
    let mut given = serde_json::Map::new();
    for name in &names {
        let value = values.get(name);
        let why = || format!("{method} takes `{name}`: give it a value in tests/e2e/person.rs");
        given.insert((*name).to_owned(), value.with_context(why)?.clone());
    }
    let line = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": given});
    wire.ask(&line.to_string()).await?;
    Ok(names.len())
}

/// Asks for it, giving it every parameter it says it lacks.
async fn ask(
    wire: &mut Wire,
    method: &str,
    values: &BTreeMap<&'static str, Value>,
) -> anyhow::Result<()> {
    let mut given = serde_json::Map::new();
    loop {
        let line = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": given});
        let answer = wire.ask(&line.to_string()).await?;
        let Some(error) = answer.get("error") else { return Ok(()) };
        let failure: Failure = serde_json::from_value(error.clone())?;
        let lacks = failure.message.split("missing field `").nth(1);
        let lacks = lacks.and_then(|rest| rest.split('`').next());
        match (failure.code, lacks) {
            (Code::InvalidParams, Some(name)) => match values.get_key_value(name) {
                Some((name, value)) => drop(given.insert((*name).to_owned(), value.clone())),
                None => bail!("{method} needs `{name}`: give it a value in tests/e2e/person.rs"),
            },
            (Code::InvalidParams, None) if method != "account.redirect" => {
                bail!("{method} was not asked well: {}", failure.message)
            }
            _ => return Ok(()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_name_is_in_any_frame_of_any_request() -> anyhow::Result<()> {
    let Some(open) = open().await? else { return Ok(()) };
    let mut watcher = open.connect(USER)?;
    watcher.wire.hello().await?;
    watcher.wire.call(&Subscribe { journal_tail: 1_000 }).await??;
    let before = names(&open).await?;
    stir(&open).await?;
    let names = [before, names(&open).await?].concat();
    let seen = open.look().await?;
    let other = seen.accounts.iter().find(|a| a.user.as_str() != OWN).context("other")?;
    let mut asker = open.connect(USER)?;
    asker.wire.hello().await?;
    let values = parameters(other.user.as_str(), other.id.0);
    let mut parameters_told = 0;
    for method in Request::METHODS {
        let from = asker.wire.heard.len();
        ask(&mut asker.wire, method, &values).await?;
        parameters_told += ask_fully(&mut asker.wire, method, &values).await?;
        let fresh = String::from_utf8_lossy(asker.wire.heard.get(from..).unwrap_or_default());
        hunt(&names, &format!("{OWN} {fresh}"), &format!("in what {method} answers"));
    }
    assert!(parameters_told > 20, "{parameters_told}");
    let theirs = Muster { plan: None, account: Some(other.id), brief: false };
    assert!(asker.wire.call(&theirs).await??.rows.is_empty(), "others' gates are not there");
    // What is told is told of their own.
    let plans = asker.wire.call(&ListPlans {}).await??;
    let plan = plans.first().context("no plan")?;
    assert_eq!(plan.spec.accounts, Takers::Labels(vec!["mine".parse()?]));
    assert_eq!(plan.spec.shares, []);
    let runs = asker.wire.call(&ListRuns {}).await??;
    let run = runs.first().context("no run")?;
    assert_eq!((run.accounts, run.counts.total()), (1, 2), "of three who took part");
    let status = asker.wire.call(&Status {}).await??;
    assert_eq!((status.halts.len(), status.egress[0].accounts), (0, 1));
    // Everything that was sent unasked has come when an answer has.
    watcher.wire.call(&Status {}).await??;
    hunt(&names, &String::from_utf8(watcher.wire.heard.clone())?, "in the feed");
    hunt(&names, &String::from_utf8(asker.wire.heard.clone())?, "in an answer");
    open.daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_shows_a_person_their_own_and_says_no_to_the_rest() -> anyhow::Result<()> {
    let Some(open) = open().await? else { return Ok(()) };
    stir(&open).await?;
    let names = names(&open).await?;
    for (line, code) in [
        ("status", 0),
        ("status --json", 0),
        ("account list", 0),
        ("account show s100001", 0),
        ("account list --json", 0),
        ("account show zs0001", 4),
        ("plan list", 0),
        ("plan list --json", 0),
        ("run list", 0),
        ("run show btst", 0),
        ("run show btst --json", 0),
        ("journal -n 5000", 0),
        ("journal --json", 0),
        ("wait closed btst", 0),
        ("halt --json", 4),
        ("plan disarm btst", 4),
        ("account auto 2 off", 4),
        ("vault slots", 4),
        ("backup /nowhere/backup", 4),
        ("report", 4),
        ("doctor", 1),
    ] {
        let mut program = open.program(USER);
        program.arg("muster").arg("--socket").arg(open.world.socket());
        program.args(line.split(' ')).stderr(std::process::Stdio::piped());
        let said = program.output().await?;
        let (out, err) = (String::from_utf8(said.stdout)?, String::from_utf8(said.stderr)?);
        assert_eq!(said.status.code(), Some(code), "{line}: {out}{err}");
        // A name that was typed is repeated.
        let out = if line.contains("zs0001") { out } else { format!("{out}{err}") };
        hunt(&names, &format!("{OWN} {out}"), &format!("in {line}"));
    }
    open.daemon.stop().await
}
