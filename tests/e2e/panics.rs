//! I13: a panic says where it was and nothing of what was worked on. The real daemon is made to panic with a
//! secret in its words, and what it leaves behind is searched for the secret in every form.

use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::Context;
use muster_protocol::halt::HaltScope;
use muster_protocol::request::Halt;
use muster_tests::harness::{Outside, Setup, World, eventually};

use crate::hunt::{Prey, Trail};

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");
const PASSPHRASE: &str = "CANARY-passphrase";

fn prey() -> [Prey; 2] {
    let mark = Prey::new("the mark all secrets carry", b"CANARY");
    [mark, Prey::new("the passphrase", PASSPHRASE.as_bytes())]
}

/// Everything in the world's folder but the passphrase's own file.
fn left_behind(world: &World) -> anyhow::Result<Trail> {
    let mut trail = Trail::default();
    for entry in world.folder().read_dir()? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).context("a file's name")?;
        if path.is_file() && name != "passphrase" {
            trail.add(name, std::fs::read(&path)?);
        }
    }
    anyhow::ensure!(trail.holds("stderr") && trail.holds("store.redb"));
    Ok(trail)
}

/// A daemon that panics at this point when somebody asks for something; how it ended, what it said, and
/// what was found.
async fn panicked(at: &str, loud: bool) -> anyhow::Result<(ExitStatus, String, Vec<String>)> {
    let world = World::new(Setup { accounts: 1, ..Setup::default() }).await?;
    let mut more = vec!["--panic-at".to_owned(), at.to_owned()];
    more.extend(loud.then(|| "--loud".to_owned()));
    let mut daemon = Outside::spawn(&world, Path::new(DRILL), &more)?;
    eventually("the daemon answers", async || world.client().await.is_ok()).await?;
    let (client, _feed) = world.client().await?;
    let scope = HaltScope::User("nobody".parse()?);
    let answer = client.call(Halt { scope, cancel_open: false }).await;
    anyhow::ensure!(answer.is_err(), "it was answered as if nothing were wrong");
    let mut status = None;
    eventually("the daemon ends", async || {
        status = daemon.ended().ok().flatten();
        status.is_some()
    })
    .await?;
    let said = std::fs::read_to_string(world.folder().join("stderr"))?;
    Ok((status.context("it runs")?, said, left_behind(&world)?.finds(&prey())))
}

#[tokio::test(flavor = "multi_thread")]
async fn i13_a_daemon_that_panics_with_a_secret_in_its_words_says_where_and_not_what()
-> anyhow::Result<()> {
    // In the loop that owns everything, and in the thread that writes.
    for at in ["before-audit:1", "audit-written:1"] {
        let (status, said, found) = panicked(at, false).await?;
        assert!(!status.success(), "{at}: {status}");
        assert!(said.contains("a part of musterd failed, thread"), "{at}: {said}");
        assert!(said.contains("daemon/src/failpoint.rs:"), "{at}: {said}");
        assert_eq!(found, Vec::<String>::new(), "{at}");
    }
    let (_, said, found) = panicked("before-audit:1", true).await?;
    assert!(!found.is_empty(), "a panic that is let would have been found: {said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn i13_whichever_way_a_panic_quotes_a_secret_it_is_withheld() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 0, ..Setup::default() }).await?;
    for backtrace in ["0", "1"] {
        let mut command = Command::new(DRILL);
        command.arg("panics").arg(world.folder().join("passphrase"));
        let output = command.env("RUST_BACKTRACE", backtrace).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        anyhow::ensure!(output.status.success(), "a way that does not panic: {said}");
        for way in ["a format", "a cut", "an error", "an expectation", "a comparison", "a payload"]
        {
            assert!(said.contains(&format!("thread {way}, at ")), "{way}: {said}");
        }
        let mut trail = Trail::default();
        trail.add("standard error", output.stderr);
        trail.add("standard output", output.stdout);
        assert_eq!(trail.finds(&prey()), Vec::<String>::new());
    }
    Ok(())
}
