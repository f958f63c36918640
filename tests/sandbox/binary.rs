//! The program: one JSON line when it is ready, gone at SIGTERM.

use std::process::Stdio;

use muster_tests::sandbox::Summary;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::client::Caller;

#[tokio::test]
async fn the_program_prints_its_summary_and_ends_at_sigterm() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_muster-sandbox"))
        .args(["--accounts", "3", "--clock", "2026-11-23T15:08:00+05:30", "--speed", "0"])
        .args(["--allowed-ip", "203.0.113.7", "--allowed-ip", "2001:db8::7"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let summary: Summary = serde_json::from_str(&line).unwrap();
    assert_eq!((summary.angel_one.accounts.len(), summary.kite.accounts.len()), (2, 1));
    assert_eq!(summary.kite.accounts[0].allowed_ips.len(), 2);
    assert_eq!(Caller::new(&summary.observer_url).get("/").await.body, "127.0.0.1");
    let clock = Caller::new(&summary.control_url).get("/clock").await.json();
    assert_eq!(clock["now"], "2026-11-23T15:08:00.000+05:30");
    let id = program.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    assert!(program.wait().await.unwrap().success());
    assert_eq!(lines.next_line().await.unwrap(), None, "nothing but the summary");
}
