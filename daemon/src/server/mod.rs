//! The local socket: who connects, what they may do, one task a connection. Knows the engine's
//! handle and the protocol, nothing below.

mod role;
mod session;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use interprocess::local_socket::tokio::prelude::*;
use interprocess::local_socket::tokio::{Listener, Stream};
use muster_protocol::frame::HELLO_TIMEOUT_MS;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::Handle;

pub use self::role::Roles;

/// The most connections at once; one more waits in the kernel's queue.
const MAX_CONNECTIONS: usize = 128;
/// The pause after an accept that failed, so that running out of descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long the answers under way have when the daemon stops.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves the socket until told to stop; then every connection is closed, after the answer it waits for.
pub async fn serve(listener: Listener, handle: Handle, roles: Roles, stop: CancellationToken) {
    let roles = Arc::new(roles);
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let sessions = TaskTracker::new();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (handle, roles, stop) = (handle.clone(), Arc::clone(&roles), stop.clone());
        sessions.spawn(async move {
            let _permit = permit;
            tokio::select! {
                () = welcome(stream, handle, &roles, stop.clone()) => {}
                () = too_late(&stop) => {}
            }
        });
    }
    sessions.close();
    sessions.wait().await;
}

/// Ends what is still being said some time after the stop.
async fn too_late(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LAST_WORDS).await;
}

/// The kernel's word on who connected decides the role; who has none gets nothing.
async fn welcome(stream: Stream, handle: Handle, roles: &Roles, stop: CancellationToken) {
    let peer = match credentials(&stream) {
        Ok(uid) => roles.peer(uid),
        Err(error) => {
            tracing::warn!(%error, "a peer could not be identified and was refused");
            None
        }
    };
    let Some(peer) = peer else {
        tracing::warn!("a peer without a role was refused");
        return;
    };
    let (reader, writer) = tokio::io::split(stream);
    let hello_within = Duration::from_millis(HELLO_TIMEOUT_MS);
    session::run(reader, writer, session::Session { handle, peer, hello_within, stop }).await;
}

fn credentials(stream: &Stream) -> io::Result<u32> {
    let credentials = stream.peer_creds()?;
    credentials.euid().ok_or_else(|| io::Error::other("the kernel named no user"))
}
