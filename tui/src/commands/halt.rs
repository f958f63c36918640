//! `muster halt` and `muster resume`.

use muster_protocol::halt::HaltScope;
use muster_protocol::request::{Halt, Resume};

use super::{CommandError, Daemon, print, print::Printer};
use crate::cli::{HaltArgs, ScopeArgs};

/// Stops orders; returns once that is durable.
pub(super) async fn halt(
    daemon: &Daemon,
    args: HaltArgs,
    printer: &Printer,
) -> Result<(), CommandError> {
    let cancel_open = args.cancel_open;
    let scope = scope(args.scope);
    let words = scope.words();
    daemon.client.call(Halt { scope: scope.clone(), cancel_open }).await?;
    if printer.is_json() {
        return print::json("halted", &scope);
    }
    let cancels = if cancel_open { "; what is open is being cancelled" } else { "" };
    print::line(format!("HALTED: {words}; nothing leaves until it is resumed{cancels}"))
}

/// Ends a halt.
pub(super) async fn resume(
    daemon: &Daemon,
    args: ScopeArgs,
    printer: &Printer,
) -> Result<(), CommandError> {
    let scope = scope(args);
    let words = scope.words();
    daemon.client.call(Resume { scope: scope.clone() }).await?;
    if printer.is_json() {
        return print::json("resumed", &scope);
    }
    print::line(format!("resumed: {words}"))
}

fn scope(args: ScopeArgs) -> HaltScope {
    match (args.user, args.plan) {
        (Some(user), _) => HaltScope::User(user),
        (None, Some(plan)) => HaltScope::Plan(plan),
        (None, None) => HaltScope::All,
    }
}
