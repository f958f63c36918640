//! I21: who connects decides what is answered, by the kernel's word. Other users are played by
//! processes of another user id, which only root can start: anybody else is told so, and passes.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use muster_protocol::event::Snapshot;
use muster_protocol::frame::Code;
use muster_protocol::ids::AccountId;
use muster_protocol::reply::Role;
use muster_protocol::request::{
    ListAccounts, ListRuns, Login, QueryJournal, Selection, SetAutoExecute, ShowRun, Status,
    Subscribe,
};
use muster_protocol::run::RunState;
use muster_tests::harness::{Daemon, Person, Setup, World, eventually, two_legs};
use tokio::process::{Child, Command};

use crate::wire::Wire;

const STRANGER: u32 = 65_534;
const VIEWER: u32 = 64_001;
pub(crate) const USER: u32 = 64_002;

/// A world with four connected accounts whose door other users can reach.
pub(crate) struct Open {
    pub(crate) world: World,
    pub(crate) daemon: Daemon,
    /// A copy of the drill that everybody may run.
    drill: PathBuf,
    folder: tempfile::TempDir,
}

/// A connection made by a process of another user.
pub(crate) struct Stranger {
    pub(crate) wire: Wire,
    _relay: Child,
}

/// `None` where nobody else can be played.
pub(crate) async fn open() -> anyhow::Result<Option<Open>> {
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        skipped("this test plays other users and runs as root only: skipped");
        return Ok(None);
    }
    let access = format!(
        "[access]\nviewers = [{VIEWER}]\nusers = [{{ uid = {USER}, user = \"s100001\" }}]\n"
    );
    let setup = Setup { accounts: 4, extra_config: access, ..Setup::default() };
    let world = World::new(setup).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let mode =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    mode(world.folder(), 0o755)?;
    mode(&world.socket(), 0o666)?;
    let folder = tempfile::tempdir()?;
    mode(folder.path(), 0o755)?;
    let drill = folder.path().join("muster-drill");
    // By another process: a child that another test starts while this one writes would inherit the open
    // file, and a program that somebody has open for writing cannot be started.
    let mut install = std::process::Command::new("install");
    let installed = install.args(["-m", "755", env!("CARGO_BIN_EXE_muster-drill")]).arg(&drill);
    anyhow::ensure!(installed.status()?.success(), "the drill could not be copied");
    Ok(Some(Open { world, daemon, drill, folder }))
}

#[expect(clippy::print_stderr, reason = "why a test did nothing has to be seen")]
fn skipped(why: &str) {
    eprintln!("{why}");
}

impl Open {
    /// The drill, to be run as this user, who is in no group but their own.
    pub(crate) fn program(&self, uid: u32) -> Command {
        let mut program = Command::new(&self.drill);
        program.uid(uid).gid(uid).current_dir(self.folder.path()).stdin(Stdio::piped());
        program.stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        program
    }

    pub(crate) fn connect(&self, uid: u32) -> anyhow::Result<Stranger> {
        let mut relay = self.program(uid).arg("relay").arg(self.world.socket()).spawn()?;
        let from = relay.stdout.take().context("no output")?;
        let to = relay.stdin.take().context("no input")?;
        Ok(Stranger { wire: Wire::over(from, to), _relay: relay })
    }

    /// What `muster status --json` says to this user, if it succeeds.
    async fn status(&self, uid: u32) -> anyhow::Result<Option<String>> {
        let mut program = self.program(uid);
        program.arg("muster").arg("--socket").arg(self.world.socket()).args(["status", "--json"]);
        let said = program.output().await?;
        Ok(said.status.success().then_some(String::from_utf8(said.stdout)?))
    }

    pub(crate) async fn look(&self) -> anyhow::Result<Snapshot> {
        Ok(self.world.look().await?.snapshot)
    }
}

/// A line for every request that changes something.
fn changes(foreign: AccountId) -> Vec<String> {
    let credential = r#"{"broker":"zerodha","api_key":"canarykey0000000","api_secret":"canarysecret0000canarysecret0000"}"#;
    let params = [
        ("account.connect", format!(r#"{{"user":"zs0001","credential":{credential}}}"#)),
        ("account.login", format!(r#"{{"account":{foreign}}}"#)),
        (
            "account.redirect",
            r#"{"ticket":1,"redirected":"abcdefghijklmnopqrstuvwxyz012345"}"#.to_owned(),
        ),
        ("account.abandon", r#"{"ticket":1}"#.to_owned()),
        ("account.test", format!(r#"{{"accounts":{{"ids":[{foreign}]}}}}"#)),
        ("account.set_active", format!(r#"{{"accounts":{{"ids":[{foreign}]}},"on":false}}"#)),
        ("account.set_auto_execute", format!(r#"{{"accounts":{{"ids":[{foreign}]}},"on":true}}"#)),
        ("account.remove", format!(r#"{{"account":{foreign},"confirm":"zs0001"}}"#)),
        ("plan.put", r#"{"spec":{"name":"mine","legs":[]}}"#.to_owned()),
        ("plan.arm", r#"{"plan":"btst","mode":"live","hash":""}"#.to_owned()),
        ("plan.remove", r#"{"plan":"btst"}"#.to_owned()),
    ];
    let line = |(method, params)| {
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{params}}}"#)
    };
    params.into_iter().map(line).collect()
}

/// What no request of this kind may have changed.
fn kept(snapshot: &Snapshot) -> (Vec<(AccountId, bool, bool)>, usize, usize) {
    let accounts = snapshot.accounts.iter().map(|a| (a.id, a.active, a.auto_execute)).collect();
    (accounts, snapshot.plans.len(), snapshot.checks.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_nothing() -> anyhow::Result<()> {
    let Some(open) = open().await? else { return Ok(()) };
    let mut stranger = open.connect(STRANGER)?;
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"build":"0","client":"x"}}"#;
    // The daemon may have closed before this is written.
    drop(stranger.wire.say(hello).await);
    stranger.wire.closed().await?;
    assert_eq!(stranger.wire.heard, b"", "not a byte");
    assert_eq!(open.status(STRANGER).await?, None);
    assert!(open.status(VIEWER).await?.is_some_and(|said| said.contains("\"vault\"")));
    open.daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_sees_all_and_changes_nothing() -> anyhow::Result<()> {
    let Some(open) = open().await? else { return Ok(()) };
    let before = kept(&open.look().await?);
    let mut viewer = open.connect(VIEWER)?;
    assert_eq!(viewer.wire.hello().await?.role, Role::Viewer);
    assert_eq!(viewer.wire.call(&ListAccounts {}).await??.len(), 4);
    for line in changes(AccountId(1)) {
        let refused = viewer.wire.refused(&line).await?;
        assert_eq!(refused.code, Code::Forbidden, "{line}: {refused:?}");
    }
    viewer.wire.call(&Status {}).await??;
    assert_eq!(kept(&open.look().await?), before);
    open.daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_touches_their_own_accounts_only() -> anyhow::Result<()> {
    let Some(open) = open().await? else { return Ok(()) };
    let all = open.look().await?;
    let of = |name: &str| all.accounts.iter().find(|a| a.user.as_str() == name).map(|a| a.id);
    let (own, foreign) = (of("s100001").context("own")?, of("zs0001").context("foreign")?);
    let mut user = open.connect(USER)?;
    let role = Role::User { user: "s100001".parse()? };
    assert_eq!(user.wire.hello().await?.role, role);
    let mine = user.wire.call(&ListAccounts {}).await??;
    assert_eq!(mine.iter().map(|account| account.id).collect::<Vec<_>>(), [own]);
    let before = kept(&open.look().await?);
    for line in changes(foreign) {
        let refused = user.wire.refused(&line).await?;
        assert!(matches!(refused.code, Code::Forbidden | Code::NotFound), "{line}: {refused:?}");
    }
    assert_eq!(kept(&open.look().await?), before);
    // Of others' accounts it is not even said that they exist.
    let there = user.wire.call(&Login { account: foreign }).await?.err().context("logged in")?;
    let nowhere = user.wire.call(&Login { account: AccountId(99) }).await?.err().context("?")?;
    assert_eq!(
        there.message.replace(&foreign.to_string(), "N"),
        nowhere.message.replace("99", "N")
    );
    assert_eq!(there.code, nowhere.code);
    // All of theirs is one.
    let touched = user.wire.call(&SetAutoExecute { accounts: Selection::All, on: true }).await??;
    assert_eq!(touched.accounts, [own]);
    open.daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_name_reaches_a_user() -> anyhow::Result<()> {
    let Some(open) = open().await? else { return Ok(()) };
    let mut user = open.connect(USER)?;
    user.wire.hello().await?;
    user.wire.call(&Subscribe { journal_tail: 1_000 }).await??;
    open.world.auto_execute_all().await?;
    // One of the others is left out of the run, with a name and a reason.
    let left_out = Selection::Ids(vec![AccountId(4)]);
    let (operator, _feed) = open.world.client().await?;
    operator.call(SetAutoExecute { accounts: left_out, on: false }).await?;
    let plan = open.world.arm(two_legs()).await?;
    open.world.set_clock("2026-11-23T15:09:59+05:30")?;
    let closed = |runs: &[muster_protocol::run::RunView]| {
        runs.first().is_some_and(|run| run.state == RunState::Closed)
    };
    eventually("the run is closed", async || {
        operator.call(ListRuns {}).await.is_ok_and(|runs| closed(&runs))
    })
    .await?;
    let runs = user.wire.call(&ListRuns {}).await??;
    let run = runs.first().context("no run")?.id.clone();
    assert_eq!(run.plan, plan.spec.name);
    assert_eq!(user.wire.call(&ShowRun { run }).await??.intents.len(), 2);
    let filter = serde_json::from_str(r#"{"user":"zs0001"}"#)?;
    user.wire.call(&QueryJournal { after: 0, limit: 1_000, filter }).await??;
    user.wire.call(&Subscribe { journal_tail: 1_000 }).await??;
    let heard = String::from_utf8(user.wire.heard.clone())?.to_lowercase();
    assert!(heard.contains("s100001"), "their own is told");
    for person in open.world.people()?.iter().filter(|p| p.user().as_str() != "s100001") {
        let name = match person {
            Person::AngelOne(user, _) | Person::Zerodha(user, _) => user.as_str(),
        };
        let at = heard.find(name);
        let around = at.map(|at| heard.get(at.saturating_sub(200)..at + 20));
        assert_eq!(around, None, "{name} in a frame");
    }
    open.daemon.stop().await
}
