//! Within tmux, under its defaults: what is copied reaches the terminal tmux itself runs on.

use crate::operator::world;
use crate::screen::Terminal;

/// tmux drops the clipboard's escape of the programs in it, and sends its own buffer on.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_copied_reaches_the_terminal_round_tmux() -> anyhow::Result<()> {
    if std::process::Command::new("tmux").arg("-V").output().is_err() {
        // Said aloud: whoever reads the log must not take this for a pass.
        drop(std::io::Write::write_all(&mut std::io::stderr(), b"this test needs tmux: skipped\n"));
        return Ok(());
    }
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let server = world.folder().join("tmux");
    let screen = Terminal::of(&world.socket()).within_tmux(&server).open()?;
    screen.shows(&["no accounts yet", "? help"]).await?;
    screen.press("y")?;
    screen.shows(&["sent to the terminal's clipboard: 127.0.0.1"]).await?;
    // OSC 52 with the address in base64, as tmux writes it to the outer terminal.
    screen.until("the clipboard's escape", |_| screen.has_written("MTI3LjAuMC4x")).await?;
    screen.press("q")?;
    screen.ended().await?;
    daemon.stop().await
}
