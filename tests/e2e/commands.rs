//! The client's commands, as processes, against a real daemon: each family does what it says, its JSON has
//! the key docs/commands.md gives it, and its exit code is the one that is written there.

use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use muster_protocol::check::CheckOutcome;
use muster_protocol::reply::Ticket;
use muster_tests::harness::{Person, Setup, World, eventually, two_legs};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands.md");
/// How long a command may take before the test gives it up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of a command.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn of(output: Output) -> anyhow::Result<Self> {
        let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        anyhow::ensure!(!out.contains('\x1b'), "escape codes in a pipe: {out:?}");
        Ok(Self { code: output.status.code(), out, err })
    }

    /// The one error on standard error.
    fn error(&self) -> anyhow::Result<Value> {
        let object: Value = serde_json::from_str(&self.err).with_context(|| self.err.clone())?;
        assert_eq!(object["schema_version"], 1, "{}", self.err);
        assert_eq!(object["error"]["exit"].as_i64(), self.code.map(i64::from), "{}", self.err);
        Ok(object["error"].clone())
    }
}

fn command(world: &World, line: &str) -> Command {
    let mut command = Command::new(DRILL);
    command.arg("muster").args(line.split_whitespace()).env_clear();
    command.env("MUSTER_SOCKET", world.socket()).env("TERM", "xterm-256color");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn with_input(world: &World, line: &str, input: &str) -> anyhow::Result<Said> {
    let mut child = command(world, line).spawn()?;
    let mut stdin = child.stdin.take().context("no input")?;
    // It may end without reading.
    drop(stdin.write_all(input.as_bytes()).await);
    drop(stdin);
    finish(child).await
}

async fn finish(child: Child) -> anyhow::Result<Said> {
    Said::of(tokio::time::timeout(PATIENCE, child.wait_with_output()).await??)
}

async fn muster(world: &World, line: &str) -> anyhow::Result<Said> {
    with_input(world, line, "").await
}

/// It succeeds; what is written is under the key of the document.
async fn good(world: &World, line: &str) -> anyhow::Result<Value> {
    let said = muster(world, &format!("{line} --json")).await?;
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{line}: {}", said.out);
    under_its_key(line, &said.out)
}

/// What the last object holds.
fn under_its_key(line: &str, out: &str) -> anyhow::Result<Value> {
    let key = key_of(line)?;
    let mut last = Value::Null;
    for object in out.lines() {
        let object: serde_json::Map<String, Value> = serde_json::from_str(object)?;
        let keys: Vec<&str> = object.keys().map(String::as_str).collect();
        let expected = if key.as_str() < "schema_version" {
            [key.as_str(), "schema_version"]
        } else {
            ["schema_version", key.as_str()]
        };
        assert_eq!((keys.as_slice(), &object["schema_version"]), (&expected[..], &json!(1)));
        last = object.get(&key).cloned().unwrap_or_default();
    }
    Ok(last)
}

/// The key docs/commands.md has for a command.
fn key_of(line: &str) -> anyhow::Result<String> {
    let document = std::fs::read_to_string(DOCUMENT)?;
    let rows = document.lines().filter_map(|row| row.strip_prefix("| `muster "));
    let rows = rows.filter_map(|row| row.split_once("` | `"));
    let of = rows.filter(|(command, _)| format!("{line} ").starts_with(&format!("{command} ")));
    let row = of.max_by_key(|(command, _)| command.len());
    let key = row.and_then(|(_, rest)| rest.split('`').next());
    Ok(key.with_context(|| format!("docs/commands.md has no {line}"))?.to_owned())
}

async fn code(world: &World, line: &str) -> anyhow::Result<Option<i32>> {
    let plain = muster(world, line).await?;
    assert!(plain.err.starts_with("muster: ") || plain.code == Some(0), "{line}: {}", plain.err);
    Ok(plain.code)
}

async fn world(accounts: usize) -> anyhow::Result<World> {
    World::new(Setup { accounts, ..Setup::default() }).await
}

/// A credential as a script hands it over.
fn request(person: &Person) -> String {
    json!({"user": person.user(), "credential": person.credential()}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_connected_shown_switched_and_removed() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    let people = world.people()?;
    let angel = people.iter().find(|p| matches!(p, Person::AngelOne(..))).context("angel")?;
    let user = angel.user().as_str();
    let wrong = with_input(&world, "account connect --user nobody", &request(angel)).await?;
    assert_eq!(wrong.code, Some(2), "{}", wrong.err);
    let broken = with_input(&world, "account connect", r#"{"user":"CANARY"}"#).await?;
    assert_eq!((broken.code, broken.err.contains("CANARY")), (Some(2), false), "{}", broken.err);
    let line = format!("account connect --user {user} --broker angel");
    let said = with_input(&world, &format!("{line} --json"), &request(angel)).await?;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(under_its_key(&line, &said.out)?["saved_as"], 1);
    for person in &people {
        if let Person::Zerodha(_, account) = person {
            connect_at_zerodha(&world, person, account).await?;
        }
    }
    assert_eq!(good(&world, "account list").await?.as_array().map(Vec::len), Some(2));
    assert_eq!(good(&world, &format!("account show {user}")).await?["user"], user);
    let shown = muster(&world, "account show 1").await?.out;
    for words in ["session ", "order permission", "[ok]"] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    good(&world, "account auto 1 on").await?;
    good(&world, "account deactivate 1").await?;
    assert_eq!(good(&world, "account show 1").await?["active"], false);
    good(&world, "account activate 1").await?;
    assert_eq!(good(&world, "account test --all").await?.as_array().map(Vec::len), Some(2));
    for refused in ["account show 9", "account auto 9 on", "account test nobody"] {
        assert_eq!(code(&world, refused).await?, Some(4), "{refused}");
    }
    good(&world, "account abandon 9").await?;
    assert_eq!(code(&world, "account remove 1").await?, Some(2), "without its name");
    good(&world, &format!("account remove 1 --confirm {user}")).await?;
    assert_eq!(code(&world, "account show 1").await?, Some(4));
    daemon.stop().await
}

/// Reads the link as a script does, logs in, and waits for the end.
async fn connect_at_zerodha(
    world: &World,
    person: &Person,
    account: &muster_tests::sandbox::KiteAccount,
) -> anyhow::Result<()> {
    let mut child = command(world, "account connect --json").spawn()?;
    let mut stdin = child.stdin.take().context("no input")?;
    stdin.write_all(request(person).as_bytes()).await?;
    drop(stdin);
    let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    let first = lines.next_line().await?.context("nothing was said")?;
    let check: muster_protocol::check::CheckView =
        serde_json::from_value(under_its_key("account connect", &first)?)?;
    let (CheckOutcome::AwaitingLogin { link, .. }, target) = (check.outcome, check.target) else {
        bail!("no link: {first}")
    };
    let muster_protocol::check::CheckTarget::Ticket(ticket) = target else { bail!("{first}") };
    let ticket = Ticket { ticket, link: Some(link), expires: None };
    let back = world.browser_login(account, &ticket)?;
    let handed = with_input(world, &format!("account redirect {}", ticket.ticket), &back).await?;
    assert_eq!(handed.code, Some(0), "{}", handed.err);
    let last = lines.next_line().await?.context("the end was not said")?;
    assert_eq!(under_its_key("account connect", &last)?["outcome"]["state"], "passed");
    assert_eq!(finish(child).await?.code, Some(0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_waited_for_and_told() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    assert_eq!(good(&world, "wait fit --timeout 30s").await?.as_array().map(Vec::len), Some(2));
    assert_eq!(code(&world, "wait closed btst --timeout 1s").await?, Some(6));
    let waiting = command(&world, "wait closed btst --timeout 1h --json").spawn()?;
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    let waited = finish(waiting).await?;
    assert_eq!(waited.code, Some(0), "{}", waited.err);
    let counts = &under_its_key("wait closed", &waited.out)?["counts"];
    let placed = ["accepted", "open", "partly_filled", "filled"].map(|of| counts[of].as_u64());
    assert_eq!(placed.into_iter().flatten().sum::<u64>(), 4, "{counts}");
    good(&world, "wait closed btst").await?;
    assert_eq!(good(&world, "run list").await?[0]["id"], "btst@2026-11-23");
    assert_eq!(good(&world, "run show btst").await?["intents"].as_array().map(Vec::len), Some(4));
    let settled = "run resolve btst@2026-11-23 1 1 --not-placed";
    assert_eq!(code(&world, settled).await?, Some(4), "it is not in doubt");
    assert_eq!(code(&world, "run show nothing").await?, Some(4));
    let orders = muster(&world, "journal --since 15:05 area:run --json").await?;
    assert!(orders.out.lines().count() >= 2, "{}", orders.out);
    let earlier = muster(&world, "journal --until 15:05 area:run").await?;
    assert_eq!((earlier.code, earlier.out.as_str()), (Some(0), ""));
    let all = muster(&world, "journal -n 5000 --json").await?.out;
    let newest = muster(&world, "journal -n 3 --json").await?.out;
    assert!(all.ends_with(&newest) && newest.lines().count() == 3, "{newest}");
    daemon.stop().await
}

/// The daemon sends a thousand entries at once; more are gathered page by page, in order, none twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_journal_is_read_page_by_page() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let (client, _feed) = world.client().await?;
    for on in [true, false].into_iter().cycle().take(1_200) {
        let accounts = muster_protocol::request::Selection::All;
        client.call(muster_protocol::request::SetAutoExecute { accounts, on }).await?;
    }
    let all = muster(&world, "journal -n 5000 --json").await?.out;
    let numbers: Vec<u64> = all
        .lines()
        .map(|line| Ok(serde_json::from_str::<Value>(line)?["entry"]["seq"].as_u64()))
        .collect::<anyhow::Result<Option<_>>>()?
        .context("no number")?;
    assert!(numbers.len() > 1_200, "{}", numbers.len());
    assert!(numbers.windows(2).all(|two| two[0] + 1 == two[1]) && numbers[0] == 1);
    let some = muster(&world, "journal -n 1100").await?.out;
    assert_eq!(some.lines().count(), 1_100);
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_makes_everybody_unfit_until_it_is_resumed() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    good(&world, "muster").await?;
    assert_eq!(good(&world, "halt").await?["of"], "all");
    let unfit = muster(&world, "muster --json").await?;
    assert_eq!((unfit.code, unfit.error()?["kind"].clone()), (Some(8), json!("none_fit")));
    let late = muster(&world, "wait fit --timeout 1s --json").await?;
    assert_eq!((late.code, late.error()?["kind"].clone()), (Some(6), json!("timed_out")));
    assert!(late.err.contains("halted"), "it says who and why: {}", late.err);
    good(&world, "resume").await?;
    good(&world, "muster").await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_vault_is_told_apart_and_waited_for() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let file = world.folder().join("copy.redb");
    let backup = format!("backup {}", file.display());
    assert!(good(&world, &backup).await?["bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    assert_ne!(code(&world, &backup).await?, Some(0), "nothing is written over");
    good(&world, "vault seal").await?;
    let sealed = muster(&world, "test --all --json").await?;
    assert_eq!((sealed.code, sealed.error()?["code"].clone()), (Some(7), json!("sealed")));
    let doctor = muster(&world, "doctor --json").await?;
    let report = under_its_key("doctor", &doctor.out)?;
    let said = |about: &str| {
        let findings = report["findings"].as_array().cloned().unwrap_or_default();
        findings.into_iter().find(|finding| finding["about"] == about)
    };
    assert_eq!((doctor.code, report["verdict"].clone()), (Some(1), json!("fail")));
    let vault = said("vault").context("the vault is not mentioned")?;
    assert_eq!(
        (vault["verdict"].clone(), vault["do"].clone()),
        (json!("fail"), json!("muster vault unseal"))
    );
    assert_eq!(said("backup").context("no backup")?["verdict"], "ok");
    let waiting = command(&world, "wait unsealed --timeout 1h").spawn()?;
    let wrong = with_input(&world, "vault unseal --json", "CANARY-wrong\n").await?;
    assert_eq!((wrong.code, wrong.err.contains("CANARY")), (Some(4), false), "{}", wrong.err);
    world.set_clock("2026-11-23T12:30:00+05:30")?;
    let opened = with_input(&world, "vault unseal", "CANARY-passphrase\n").await?;
    assert_eq!(opened.code, Some(0), "{}", opened.err);
    assert_eq!(finish(waiting).await?.code, Some(0));
    good(&world, "vault slots").await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_behaves_in_a_pipe() -> anyhow::Result<()> {
    let world = world(1).await?;
    let gone = muster(&world, "status --json").await?;
    assert_eq!((gone.code, gone.error()?["kind"].clone()), (Some(3), json!("no_daemon")));
    let daemon = world.daemon().await?;
    good(&world, "wait daemon").await?;
    let misused = muster(&world, "stauts --json").await?;
    let error = misused.error()?;
    assert_eq!((misused.code, &error["kind"]), (Some(2), &json!("usage")));
    assert!(error["message"].as_str().is_some_and(|said| said.contains("'status'")), "{error}");
    let screen = muster(&world, "--json").await?;
    assert_eq!((screen.code, screen.error()?["kind"].clone()), (Some(2), json!("usage")));
    // A flag is stronger than the variable.
    assert_eq!(muster(&world, "status --socket /nowhere/musterd.sock").await?.code, Some(3));
    // A reader that has seen enough.
    world.connect_all().await?;
    let mut follow = command(&world, "journal --follow").spawn()?;
    let mut lines = BufReader::new(follow.stdout.take().context("no output")?).lines();
    lines.next_line().await?.context("nothing was said")?;
    drop(lines);
    let (client, _feed) = world.client().await?;
    eventually("it has noticed", async || {
        let all = muster_protocol::request::Selection::All;
        drop(client.call(muster_protocol::request::TestAccounts { accounts: all }).await);
        follow.try_wait().is_ok_and(|ended| ended.is_some())
    })
    .await?;
    let ended = finish(follow).await?;
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let version = muster(&world, "--version").await?.out;
    assert!(version.contains("protocol  1") && version.contains("build"), "{version}");
    daemon.stop().await
}

/// The morning's list: a link for everybody who must log in, each of their own, until nobody must.
#[tokio::test(flavor = "multi_thread")]
async fn everybody_who_must_log_in_gets_a_link_of_their_own() -> anyhow::Result<()> {
    let world = world(4).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let due = async || -> anyhow::Result<Vec<Value>> {
        let said = muster(&world, "account login --all --json").await?;
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
        let object: Value = serde_json::from_str(&said.out)?;
        Ok(object["logins"].as_array().context("no list")?.clone())
    };
    assert!(due().await?.is_empty());
    assert_eq!(muster(&world, "account login --all").await?.out, "nobody has to log in\n");
    // The next trading day, after Kite's tokens have died.
    world.set_clock("2026-11-25T08:10:00+05:30")?;
    eventually("both sessions at Kite are over", async || {
        due().await.is_ok_and(|due| due.len() == 2)
    })
    .await?;
    let plain = muster(&world, "account login --all").await?.out;
    assert_eq!(plain.lines().filter(|line| line.contains("/connect/login?")).count(), 2);
    let logins = due().await?;
    assert_ne!(logins[0]["ticket"]["link"], logins[1]["ticket"]["link"]);
    for person in world.people()? {
        let Person::Zerodha(user, account) = &person else { continue };
        let mine = logins.iter().find(|login| login["user"] == user.as_str()).context("no link")?;
        let ticket: Ticket = serde_json::from_value(mine["ticket"].clone())?;
        let back = world.browser_login(account, &ticket)?;
        world.browser_returns(&back).await?;
    }
    eventually("nobody has to log in", async || due().await.is_ok_and(|due| due.is_empty()))
        .await?;
    daemon.stop().await
}
