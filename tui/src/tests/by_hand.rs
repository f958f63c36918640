//! The fake daemon for a person who wants to look at the screens: does nothing unless the variable
//! `MUSTER_FAKE_SOCKET` names a socket, and then serves there until it is stopped.

use std::path::PathBuf;
use std::time::Duration;

use muster_protocol::event::{Delta, JournalEntry};

use super::fake::{Act, Fake};
use super::world;

#[tokio::test]
async fn serves_the_made_up_morning_where_a_variable_says() {
    let Some(path) = std::env::var_os("MUSTER_FAKE_SOCKET").map(PathBuf::from) else { return };
    let mut snapshot = world::snapshot();
    snapshot.checks.push(world::login_check());
    let (run, intents) = world::firing();
    if std::env::var_os("MUSTER_FAKE_FIRING").is_some() {
        snapshot.runs.push(run);
        snapshot.intents = intents;
    }
    let fake = Fake::start(&path, snapshot.clone());
    let mut seq = 10;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if fake.subscriptions() == 0 {
            continue;
        }
        snapshot.status.now = snapshot.status.now.plus(1_000);
        seq += 2;
        let entry = JournalEntry {
            seq,
            at: snapshot.status.now,
            text: format!("entry {seq} of a long morning, at {}", snapshot.status.now),
            ..snapshot.journal[1].clone()
        };
        fake.send(Act::Send(seq - 1, Box::new(Delta::Status(snapshot.status.clone()))));
        fake.send(Act::Send(seq, Box::new(Delta::Journal(entry))));
    }
}
