//! I13: no secret in anything the daemon writes, sends or shows: a day with failures, and then a hunt.

use std::path::Path;

use anyhow::Context;
use data_encoding::BASE32_NOPAD;
use muster_protocol::check::{CheckOutcome, CheckTarget};
use muster_protocol::event::{Delta, Feed};
use muster_protocol::ids::{RunId, TicketId};
use muster_protocol::reply::Ticket;
use muster_protocol::request::{
    Backup, Connect, JournalFilter, ListAccounts, Login, QueryJournal, Selection, SetAutoExecute,
    ShowRun, SubmitRedirect, Subscribe,
};
use muster_protocol::run::RunState;
use muster_protocol::secret::Secret;
use muster_tests::harness::{Outside, Person, Setup, World, eventually, two_legs};
use muster_tests::sandbox::{Broker, Fault, FaultKind, Operation};

use crate::hunt::{Prey, Trail};
use crate::wire::Wire;

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");
/// A one-time secret that is not the account's.
const WRONG_TOTP: &str = "CANARYCANARYCANARYCANARYCANARY22";

#[tokio::test(flavor = "multi_thread")]
async fn i13_no_secret_is_in_the_log_the_frames_the_files_or_the_process() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 4, ..Setup::default() }).await?;
    let daemon = Outside::start(&world, Path::new(DRILL)).await?;
    let mut wire = watching(&world).await?;
    nonsense(&mut wire).await?;
    failures(&world, &mut wire).await?;
    for person in world.people()? {
        let ticket = connect(&world, &mut wire, &person).await?;
        anyhow::ensure!(ended(&mut wire, ticket).await? == CheckOutcome::Passed);
    }
    forgeries(&world, &mut wire).await?;
    wire.call(&SetAutoExecute { accounts: Selection::All, on: true }).await??;
    world.arm(two_legs()).await?;
    let mut trail = Trail::default();
    process(&mut trail, &daemon)?;
    let morning = frames(&world, &wire)?;
    anyhow::ensure!(morning.len() < wire.heard.len(), "the login links were in the frames");
    trail.add("the frames of the morning", morning);
    let file = world.folder().join("backup").display().to_string();
    wire.call(&Backup { file }).await??;
    daemon.kill()?;

    world.set_clock("2026-11-23T15:09:58+05:30")?;
    faults(&world);
    let daemon = Outside::start(&world, Path::new(DRILL)).await?;
    let mut wire = watching(&world).await?;
    fired(&world).await?;
    wire.call(&ShowRun { run: run_id()? }).await??;
    wire.call(&ListAccounts {}).await??;
    wire.call(&QueryJournal { after: 0, limit: 1_000, filter: JournalFilter::default() }).await??;
    process(&mut trail, &daemon)?;
    trail.add("the frames of the run", frames(&world, &wire)?);
    daemon.kill()?;
    files(&mut trail, world.folder())?;

    let prey = prey(&world)?;
    assert!(prey.len() > 20, "there is something to hunt");
    assert_eq!(trail.finds(&prey), Vec::<String>::new());
    Ok(())
}

/// A subscriber that keeps every byte.
async fn watching(world: &World) -> anyhow::Result<Wire> {
    let mut wire = Wire::open(&world.socket()).await?;
    wire.call(&Subscribe { journal_tail: 1_000 }).await??;
    Ok(wire)
}

/// Lines nobody should write, each with a secret in the wrong place.
async fn nonsense(wire: &mut Wire) -> anyhow::Result<()> {
    let credential =
        r#""credential":{"broker":"zerodha","api_key":"CANARYk","api_secret":"CANARYs"}"#;
    for line in [
        "CANARY {".to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"CANARY"}"#.to_owned(),
        r#"{"jsonrpc":"CANARY","id":1,"method":"status"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":"CANARY","method":"status"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"account.redirect","params":{"ticket":"CANARY","redirected":"CANARY"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"account.redirect","params":{"ticket":1,"redirected":["CANARY"]}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"account.redirect","params":"CANARY"}"#.to_owned(),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"account.connect","params":{{"user":"CANARY user",{credential}}}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"account.connect","params":{{"user":"a","egress":"CANARY!",{credential}}}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"account.connect","params":{{"user":"a","replaces":"CANARY",{credential}}}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"account.connect","params":{{{}}}}}"#, credential.replace("zerodha", "CANARY")),
        r#"{"jsonrpc":"2.0","id":1,"method":"run.show","params":{"run":"CANARY"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"journal","params":{"limit":1,"filter":{"level":"CANARY"}}}"#.to_owned(),
    ] {
        wire.refused(&line).await?;
    }
    wire.write(b"CANARY \xff\xfe\n").await?;
    wire.answer().await?;
    Ok(())
}

/// Connections that fail: a wrong one-time secret, and an address that is not allowed.
async fn failures(world: &World, wire: &mut Wire) -> anyhow::Result<()> {
    for mut person in world.people()? {
        if let Person::AngelOne(_, account) = &mut person {
            account.totp_secret = WRONG_TOTP.to_owned();
            let ticket = connect(world, wire, &person).await?;
            anyhow::ensure!(matches!(ended(wire, ticket).await?, CheckOutcome::Failed { .. }));
        }
    }
    let here = vec!["127.0.0.1".parse()?];
    for person in world.people()? {
        let (broker, id) = match &person {
            Person::AngelOne(_, account) => (Broker::AngelOne, &account.client_code),
            Person::Zerodha(_, account) => (Broker::Kite, &account.user_id),
        };
        world.sandbox.set_allowed_ips(broker, id, vec!["203.0.113.9".parse()?]);
        let ticket = connect(world, wire, &person).await?;
        anyhow::ensure!(matches!(ended(wire, ticket).await?, CheckOutcome::Failed { .. }));
        world.sandbox.set_allowed_ips(broker, id, here.clone());
    }
    Ok(())
}

async fn connect(world: &World, wire: &mut Wire, person: &Person) -> anyhow::Result<TicketId> {
    let (user, credential) = (person.user().clone(), person.credential());
    let connect = Connect { user, egress: None, replaces: None, credential };
    let ticket = wire.call(&connect).await??;
    if let Person::Zerodha(_, account) = person {
        world.browser_returns(&world.browser_login(account, &ticket)?).await?;
    }
    Ok(ticket.ticket)
}

/// How the connection went, once it is over and, if it passed, stored.
async fn ended(wire: &mut Wire, ticket: TicketId) -> anyhow::Result<CheckOutcome> {
    loop {
        let Feed::Delta { delta, .. } = wire.change().await? else { continue };
        let Delta::Check(check) = *delta else { continue };
        let over = match &check.outcome {
            CheckOutcome::AwaitingLogin { .. } | CheckOutcome::Running => false,
            CheckOutcome::Passed => check.saved_as.is_some(),
            CheckOutcome::Failed { .. } | CheckOutcome::Abandoned { .. } => true,
        };
        if over && check.target == CheckTarget::Ticket(ticket) {
            return Ok(check.outcome);
        }
    }
}

/// Redirects that are not what they should be, by callback and by paste.
async fn forgeries(world: &World, wire: &mut Wire) -> anyhow::Result<()> {
    let people = world.people()?;
    let kite = people.iter().find_map(|person| match person {
        Person::Zerodha(_, account) => Some(account),
        Person::AngelOne(..) => None,
    });
    let account = kite.context("no Zerodha account")?;
    let accounts = wire.call(&ListAccounts {}).await??;
    let id = accounts.iter().find(|a| a.client_id == account.user_id).context("no account")?.id;
    let ticket: Ticket = wire.call(&Login { account: id }).await??;
    let back = world.browser_login(account, &ticket)?;
    let forged = back.replace("state=", "state=A");
    anyhow::ensure!(world.browser_returns(&forged).await.is_err());
    for pasted in [forged.as_str(), "CANARY not a token", "https://CANARY/?request_token="] {
        let redirected = Secret::new(pasted.to_owned());
        let submit = SubmitRedirect { ticket: ticket.ticket, redirected };
        anyhow::ensure!(wire.call(&submit).await?.is_err(), "{pasted}");
    }
    // A token nobody was given, where one is expected: Kite refuses it.
    let redirected = Secret::new("CANARYCANARYCANARYCANARY12345678".to_owned());
    wire.call(&SubmitRedirect { ticket: ticket.ticket, redirected }).await??;
    anyhow::ensure!(matches!(ended(wire, ticket.ticket).await?, CheckOutcome::Failed { .. }));
    Ok(())
}

/// Something of everything during the run.
fn faults(world: &World) {
    for broker in [Broker::AngelOne, Broker::Kite] {
        for kind in [FaultKind::AcceptThenHtml, FaultKind::TokenDeath] {
            world.sandbox.arm(Fault::once(broker, Operation::Place, kind));
        }
    }
}

fn run_id() -> anyhow::Result<RunId> {
    Ok("btst@2026-11-23".to_owned().try_into()?)
}

/// Every order of the run is settled, or was looked up and stays in doubt.
async fn fired(world: &World) -> anyhow::Result<()> {
    let run = run_id()?;
    eventually("the run is over", async || {
        let Ok((client, _feed)) = world.client().await else { return false };
        let Ok(details) = client.call(ShowRun { run: run.clone() }).await else { return false };
        let settled = details.intents.iter().all(|i| i.status.is_settled() || i.lookups > 1);
        details.run.state == RunState::Closed || (details.run.fired_at.is_some() && settled)
    })
    .await
}

fn process(trail: &mut Trail, daemon: &Outside) -> anyhow::Result<()> {
    for file in ["environ", "cmdline"] {
        let path = format!("/proc/{}/{file}", daemon.pid());
        trail.add(file, std::fs::read(&path).context(path)?);
    }
    Ok(())
}

/// What the daemon sent, without the one secret word that has to be in it: Kite's api key is a
/// parameter of the login link a person opens, and no other place of a frame may hold it.
fn frames(world: &World, wire: &Wire) -> anyhow::Result<Vec<u8>> {
    let mut text = String::from_utf8(wire.heard.clone())?;
    for account in world.sandbox.summary().kite.accounts {
        let link = format!("/connect/login?v=3&api_key={}&redirect_params=", account.api_key);
        text = text.replace(&link, "");
    }
    Ok(text.into_bytes())
}

/// Everything in the daemon's folder but the one file the test keeps the passphrase in.
fn files(trail: &mut Trail, folder: &Path) -> anyhow::Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).context("a file's name")?;
        if path.is_file() && name != "passphrase" {
            trail.add(name, std::fs::read(&path)?);
        }
    }
    for file in ["stderr", "store.redb", "backup", "musterd.toml"] {
        anyhow::ensure!(trail.holds(file), "{file} was not looked at");
    }
    Ok(())
}

/// All there is to be kept, the four digits of an MPIN only where they stand as a text of their own.
fn prey(world: &World) -> anyhow::Result<Vec<Prey>> {
    let mut prey = vec![
        Prey::new("the mark all secrets carry", b"CANARY"),
        Prey::new("the passphrase", b"CANARY-passphrase"),
    ];
    let mut totp = |secret: &str| -> anyhow::Result<()> {
        prey.push(Prey::new("a one-time secret", secret.as_bytes()));
        prey.push(Prey::new(
            "a one-time secret, decoded",
            &BASE32_NOPAD.decode(secret.as_bytes())?,
        ));
        Ok(())
    };
    let summary = world.sandbox.summary();
    totp(WRONG_TOTP)?;
    for account in &summary.angel_one.accounts {
        totp(&account.totp_secret)?;
    }
    for account in summary.angel_one.accounts {
        prey.push(Prey::new("an api key of Angel One", account.api_key.as_bytes()));
        prey.push(Prey::exact("an MPIN", format!("\"{}\"", account.pin).as_bytes()));
    }
    for account in summary.kite.accounts {
        prey.push(Prey::new("an api key of Kite", account.api_key.as_bytes()));
        prey.push(Prey::new("an api secret", account.api_secret.as_bytes()));
    }
    for token in world.sandbox.issued_tokens() {
        prey.push(Prey::new("a token", token.as_bytes()));
    }
    Ok(prey)
}
