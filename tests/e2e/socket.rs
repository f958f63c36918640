//! I22: whatever is written into the socket, the daemon answers or closes, and serves the next client.

use muster_protocol::frame::{Code, Failure, HELLO_TIMEOUT_MS, MAX_HELLO, MAX_LINE};
use muster_protocol::request::{Status, Subscribe};
use muster_tests::harness::{Daemon, Setup, World, eventually};
use serde_json::Value;
use tokio::time::Instant;

use crate::wire::Wire;

/// As many connections as are served at once.
const MOST: usize = 128;
/// As many as are told of changes.
const MOST_WATCHING: usize = 64;

async fn world() -> anyhow::Result<(World, Daemon)> {
    let world = World::new(Setup { accounts: 0, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    Ok((world, daemon))
}

/// The failure in a reply.
fn failure(line: &Value) -> anyhow::Result<Failure> {
    Ok(serde_json::from_value(line["error"].clone())?)
}

/// A client that does everything right is served.
async fn serves(world: &World) -> anyhow::Result<()> {
    Wire::open(&world.socket()).await?.call(&Status {}).await??;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_say_hello_in_time_is_closed() -> anyhow::Result<()> {
    let (world, daemon) = world().await?;
    let begun = Instant::now();
    let mut silent = Wire::silent(&world.socket()).await?;
    let mut slow = Wire::silent(&world.socket()).await?;
    slow.write(b"{\"jsonrpc\"").await?;
    assert_eq!(silent.closed().await?, Vec::<Value>::new());
    assert_eq!(slow.closed().await?, Vec::<Value>::new());
    let took = begun.elapsed().as_millis();
    assert!(took >= u128::from(HELLO_TIMEOUT_MS) - 100, "closed only for the time: {took} ms");
    serves(&world).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_comes_first_once_and_in_a_version_that_is_spoken() -> anyhow::Result<()> {
    let (world, daemon) = world().await?;
    let mut rude = Wire::silent(&world.socket()).await?;
    rude.say(r#"{"jsonrpc":"2.0","id":9,"method":"status"}"#).await?;
    let lines = rude.closed().await?;
    assert_eq!(lines.len(), 1, "one refusal, then closed");
    assert_eq!((failure(&lines[0])?.code, &lines[0]["id"]), (Code::InvalidRequest, &9.into()));
    assert!(failure(&lines[0])?.message.contains("hello"));

    let mut newer = Wire::silent(&world.socket()).await?;
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":7,"build":"9","client":"x"}}"#;
    newer.say(hello).await?;
    let lines = newer.closed().await?;
    let refused = failure(&lines[0])?;
    assert_eq!((lines.len(), refused.code), (1, Code::InvalidParams));
    let says = &refused.message;
    assert!(says.contains("version 7") && says.contains("speaks 1"), "it says which: {says}");

    let mut again = Wire::open(&world.socket()).await?;
    let refused = again.refused(&hello.replace(":7", ":1")).await?;
    assert_eq!(refused.code, Code::InvalidRequest);
    again.call(&Status {}).await??;

    let mut long = Wire::silent(&world.socket()).await?;
    // The daemon closes while this is written.
    drop(long.write(&vec![b'x'; MAX_HELLO + 1]).await);
    assert_eq!(long.closed().await?, Vec::<Value>::new());
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_read_says_why_and_the_connection_goes_on() -> anyhow::Result<()> {
    let (world, daemon) = world().await?;
    let mut wire = Wire::open(&world.socket()).await?;
    for (line, code, says) in [
        (r#"{"jsonrpc":"2.0","id":3,"method":"stat"}"#, Code::UnknownMethod, "no method"),
        (
            r#"{"jsonrpc":"2.0","id":3,"method":"account.login","params":{"account":"CANARY"}}"#,
            Code::InvalidParams,
            "`account`: expected u32",
        ),
        (
            r#"{"jsonrpc":"2.0","id":3,"method":"account.login","params":{"account":-1}}"#,
            Code::InvalidParams,
            "`account`: expected u32",
        ),
        (
            r#"{"jsonrpc":"2.0","id":3,"method":"account.login","params":{"acount":1}}"#,
            Code::InvalidParams,
            "`acount`",
        ),
        (
            r#"{"jsonrpc":"2.0","id":3,"method":"account.login","params":[1]}"#,
            Code::NotFound,
            "no account 1",
        ),
        (r#"{"jsonrpc":"2.0","id":3,"method":"account.login"}"#, Code::InvalidParams, "`account`"),
    ] {
        let answer = wire.ask(line).await?;
        let refused = failure(&answer)?;
        assert_eq!((refused.code, &answer["id"]), (code, &3.into()), "{line}: {refused:?}");
        assert!(
            refused.message.contains(says) && !refused.message.contains("CANARY"),
            "{refused:?}"
        );
    }
    for (line, code) in [
        ("", Code::Parse),
        ("{", Code::Parse),
        ("[]", Code::InvalidRequest),
        ("null", Code::InvalidRequest),
        (r#"{"jsonrpc":"1.0","id":3,"method":"status"}"#, Code::InvalidRequest),
        (r#"{"jsonrpc":"2.0","method":"status"}"#, Code::InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":-3,"method":"status"}"#, Code::InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":3,"method":"status","x":1}"#, Code::InvalidRequest),
    ] {
        let answer = wire.ask(line).await?;
        assert_eq!((failure(&answer)?.code, &answer["id"]), (code, &Value::Null), "{line}");
    }
    wire.write(b"\x00\xff\xfe{}\x80\n").await?;
    assert_eq!(failure(&wire.answer().await?)?.code, Code::Parse);
    let deep = "[".repeat(100_000);
    assert_eq!(wire.refused(&deep).await?.code, Code::Parse);
    wire.call(&Status {}).await??;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_the_limit_is_read_and_one_beyond_it_ends_the_connection() -> anyhow::Result<()> {
    let (world, daemon) = world().await?;
    let mut wire = Wire::open(&world.socket()).await?;
    let status = r#"{"jsonrpc":"2.0","id":1,"method":"status"}"#;
    let padded = format!("{status}{}", " ".repeat(MAX_LINE - status.len()));
    assert_eq!(wire.ask(&padded).await?["id"], 1);
    // The daemon stops reading at the limit, so the write may not come to its end.
    drop(wire.write(&vec![b'x'; MAX_LINE + 1]).await);
    let lines = wire.closed().await?;
    assert_eq!(lines.len(), 1);
    assert_eq!(failure(&lines[0])?.code, Code::InvalidRequest);
    assert!(failure(&lines[0])?.message.contains("1048576"));
    serves(&world).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_line_and_a_hang_up_harm_nobody() -> anyhow::Result<()> {
    let (world, daemon) = world().await?;
    for half in [&b"{\"jsonrpc\":\"2.0\",\"id\":1,\"meth"[..], b"\xff", b""] {
        let mut unsaid = Wire::silent(&world.socket()).await?;
        unsaid.write(half).await?;
        drop(unsaid);
        let mut said = Wire::open(&world.socket()).await?;
        said.write(half).await?;
        drop(said);
    }
    serves(&world).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_connections_wait_and_none_is_lost() -> anyhow::Result<()> {
    let (world, daemon) = world().await?;
    let mut open = Vec::new();
    for _ in 0..MOST {
        open.push(Wire::open(&world.socket()).await?);
    }
    // These are connected by the kernel and wait for a place.
    let mut waiting = Vec::new();
    for _ in MOST..200 {
        waiting.push(Wire::silent(&world.socket()).await?);
    }
    for wire in &mut open {
        wire.call(&Status {}).await??;
    }
    drop(open);
    drop(waiting);
    eventually("there is room again", async || serves(&world).await.is_ok()).await?;
    daemon.stop().await
}

/// The one too many was told that the daemon was stopping.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_subscribers_are_told_so() -> anyhow::Result<()> {
    let (world, daemon) = world().await?;
    let subscribe = || Subscribe { journal_tail: 0 };
    let mut watching = Vec::new();
    for _ in 0..MOST_WATCHING {
        let mut wire = Wire::open(&world.socket()).await?;
        wire.call(&subscribe()).await??;
        watching.push(wire);
    }
    let mut one_more = Wire::open(&world.socket()).await?;
    let Err(refused) = one_more.call(&subscribe()).await? else { panic!("it was let in") };
    assert_eq!(refused.code, Code::Busy);
    assert!(refused.message.contains("too many"), "{refused:?}");
    drop(watching.pop());
    eventually("there is room for it", async || {
        one_more.call(&subscribe()).await.is_ok_and(|answer| answer.is_ok())
    })
    .await?;
    daemon.stop().await
}
