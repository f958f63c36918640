//! What systemd is told: ready, what we are doing, that we are alive, that we are stopping. Outside
//! systemd nothing of it happens.

use std::time::Duration;

use muster_protocol::reply::Role;
use muster_protocol::request::{Request, Status};
use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use crate::engine::{Handle, Peer};

/// Says that the daemon serves.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Says that the daemon is stopping.
pub fn stopping() {
    tell(&[
        NotifyState::Stopping,
        NotifyState::Status("stopping: waiting for orders on their way"),
    ]);
}

/// Tells systemd that the engine is alive, twice as often as it wants to hear it, by asking the
/// engine itself: a loop that hangs is not reported alive.
pub async fn watchdog(handle: Handle, stop: CancellationToken) {
    let Some(every) = sd_notify::watchdog_enabled() else { return };
    let peer = Peer { role: Role::Viewer, name: "the watchdog".to_owned() };
    let half = every / 2;
    loop {
        let asked = handle.ask(peer.clone(), Request::Status(Status {}));
        if let Ok(Ok(_)) = tokio::time::timeout(half, asked).await {
            tell(&[NotifyState::Watchdog]);
        } else {
            tracing::error!("the engine does not answer the watchdog");
        }
        tokio::select! {
            () = tokio::time::sleep(half.min(Duration::from_secs(10))) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd could not be told");
    }
}
