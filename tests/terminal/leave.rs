//! Every way out gives the terminal back as it was.

use std::io::Read;

use muster_tests::harness::{SECRET_MARK, eventually};
use rustix::process::Signal;

use crate::screen::{CTRL_C, CTRL_Z, DRILL, Screen, Terminal};

/// A client that looks for a daemon nobody started.
async fn alone() -> anyhow::Result<Screen> {
    let nowhere = tempfile::tempdir()?;
    let screen = Terminal::of(&nowhere.path().join("musterd.sock")).open()?;
    screen.shows(&["1 Accounts", "? help"]).await?;
    assert!(screen.is_taken() && !screen.is_restored());
    Ok(screen)
}

async fn leaves_well(screen: Screen, how: &str) -> anyhow::Result<()> {
    let left = screen.ended().await?;
    assert!(left.is_restored, "{how}");
    assert_eq!(left.status.code(), Some(0), "{how}: {:?}", left.status);
    assert_eq!(left.text.trim(), "", "{how} leaves nothing on the shell's screen");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_gives_the_terminal_back() -> anyhow::Result<()> {
    for key in ["q", CTRL_C] {
        let screen = alone().await?;
        screen.press(key)?;
        leaves_well(screen, &format!("{key:?}")).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_gives_the_terminal_back() -> anyhow::Result<()> {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let screen = alone().await?;
        screen.signal(signal)?;
        leaves_well(screen, &format!("{signal:?}")).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_and_continued_it_hands_the_terminal_over_and_takes_it_again() -> anyhow::Result<()>
{
    let screen = alone().await?;
    screen.press(CTRL_Z)?;
    eventually("it is stopped", async || screen.is_stopped()).await?;
    eventually("the terminal is the shell's", async || screen.is_restored()).await?;
    assert_eq!(screen.text().trim(), "");
    screen.signal(Signal::CONT)?;
    screen.shows(&["1 Accounts", "? help"]).await?;
    assert!(screen.is_taken());
    screen.press("q")?;
    leaves_well(screen, "after a stop").await
}

/// A defect of the screen ends it; the shell gets its terminal back and the message on it.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_screen_gives_the_terminal_back_and_says_where_it_was()
-> anyhow::Result<()> {
    let nowhere = tempfile::tempdir()?;
    let socket = nowhere.path().join("musterd.sock");
    let screen = Terminal::of(&socket).fragile().open()?;
    screen.shows(&["1 Accounts", "? help"]).await?;
    assert!(screen.is_taken());
    screen.press("!")?;
    let left = screen.ended().await?;
    assert!(left.is_restored, "{}", left.text);
    assert_ne!(left.status.code(), Some(0));
    assert!(left.text.contains("fails on purpose"), "{}", left.text);
    Ok(())
}

/// I13: a defect of the screen may quote what was pasted into a field, and that may be a secret.
#[tokio::test(flavor = "multi_thread")]
async fn i13_a_failure_of_the_screen_over_a_secret_says_where_it_was_and_not_what()
-> anyhow::Result<()> {
    let nowhere = tempfile::tempdir()?;
    let socket = nowhere.path().join("musterd.sock");
    for backtrace in ["0", "1"] {
        let screen = Terminal::of(&socket).fragile().with("RUST_BACKTRACE", backtrace).open()?;
        screen.shows(&["1 Accounts", "? help"]).await?;
        screen.press("2\r\tasha")?;
        screen.shows(&[" > User          asha"]).await?;
        screen.paste(&format!("{SECRET_MARK}-api-secret!"))?;
        let left = screen.ended().await?;
        assert!(left.is_restored, "{}", left.text);
        assert_ne!(left.status.code(), Some(0));
        let place = "a part of muster failed, thread muster-screen, at tui/src/runtime/mod.rs:";
        assert!(left.has_written(place), "{}", left.text);
        assert!(left.has_written("what it said is withheld"), "{}", left.text);
        assert!(!left.has_written(SECRET_MARK), "{}", left.text);
    }
    Ok(())
}

/// A form that holds something is asked about once; the second time it is meant.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_holds_something_is_asked_about_and_a_signal_is_not() -> anyhow::Result<()> {
    for first in ["asked", "told"] {
        let screen = alone().await?;
        screen.press("2\r\tasha")?;
        screen.shows(&[" > User          asha"]).await?;
        if first == "told" {
            screen.signal(Signal::TERM)?;
        } else {
            screen.press(CTRL_C)?;
            screen.shows(&["Leave?", "Cancel"]).await?;
            screen.press(CTRL_C)?;
        }
        leaves_well(screen, first).await?;
    }
    Ok(())
}

/// A connection that breaks takes the terminal away without a word; the client must not stay behind
/// and spin on the end of its input.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_hangs_up_ends_the_client() -> anyhow::Result<()> {
    let nowhere = tempfile::tempdir()?;
    let (mut pty, shell) = pty_process::blocking::open()?;
    pty.resize(pty_process::Size::new(24, 80))?;
    let command = pty_process::blocking::Command::new(DRILL).arg("muster").arg("--socket");
    let mut child = command.arg(nowhere.path().join("musterd.sock")).spawn(shell)?;
    let mut first = [0; 1_024];
    anyhow::ensure!(pty.read(&mut first)? > 0, "it has drawn something");
    drop(pty);
    let ended = eventually("the client has gone", async || {
        child.try_wait().is_ok_and(|status| status.is_some())
    });
    let ended = ended.await;
    // A client that stayed would outlive the test.
    drop(child.kill());
    ended
}
