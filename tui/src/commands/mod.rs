//! The same things as the screen, for scripts: text or JSON, and exit codes that can be relied on.

mod account;
mod connect;
mod details;
mod doctor;
mod error;
mod exit;
mod halt;
mod journal;
mod keys;
mod plan;
mod print;
mod prompt;
mod report;
mod run;
mod status;
mod test;
mod upkeep;
mod vault;
mod wait;

use std::path::Path;
use std::process::ExitCode;

use muster_protocol::account::AccountView;
use muster_protocol::client::{Client, FeedReceiver};
use muster_protocol::endpoint;
use muster_protocol::order::Broker;
use muster_protocol::reply::Subscribed;
use muster_protocol::request::{ListAccounts, Subscribe};

use crate::app::words;
use crate::cli::{Command, document};
use crate::link::no_daemon;
pub(crate) use error::CommandError;
pub(crate) use exit::Exit;
use print::Printer;
pub(crate) use print::complain;

/// Says on standard error why nothing could be begun, in the form that was asked for.
pub(crate) fn fail(exit: Exit, message: &str, json: bool) -> ExitCode {
    if json {
        print::complain_json(&error::failure(exit, message));
    } else {
        complain(&message);
    }
    ExitCode::from(exit.code())
}

/// The version of the shape of `--json`.
const SCHEMA_VERSION: u32 = 1;

/// The document of the screen's keys.
pub(crate) fn keys() -> String {
    keys::document()
}

/// Prints a whole text.
pub(crate) fn say(text: &str) -> ExitCode {
    match text.lines().try_for_each(print::line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            error.exit_code()
        }
    }
}

/// Does one command; says on standard error what went wrong.
pub(crate) async fn run(command: Command, socket: &Path, json: bool) -> ExitCode {
    let outcome = perform(command, socket, json).await;
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match error {
                CommandError::Unread => {}
                _ if json => print::complain_json(&error.object()),
                _ => complain(&error),
            }
            error.exit_code()
        }
    }
}

/// Does one command.
pub(crate) async fn perform(
    command: Command,
    socket: &Path,
    json: bool,
) -> Result<(), CommandError> {
    let printer = &Printer::new(json);
    let mut daemon = match &command {
        Command::Man { folder } => return upkeep::man(folder),
        Command::Completions { shell } => return upkeep::completions(*shell),
        Command::Document => return print::text(&document()),
        Command::Wait(args) => return wait::wait(socket, args, *printer).await,
        Command::Doctor(args) => return doctor::doctor(socket, args, *printer).await,
        _ => Daemon::connect(socket).await?,
    };
    match command {
        Command::Man { .. }
        | Command::Completions { .. }
        | Command::Document
        | Command::Wait(_)
        | Command::Doctor(_) => Ok(()),
        Command::Status => status::status(&daemon, printer).await,
        Command::House => status::house(&daemon, printer).await,
        Command::Muster => status::muster(&daemon, printer).await,
        Command::Test(args) => test::test(&mut daemon, &args, printer).await,
        Command::Journal(args) => journal::journal(&mut daemon, &args, printer).await,
        Command::Account(command) => account::account(&mut daemon, command, printer).await,
        Command::Plan(command) => plan::plan(&daemon, command, printer).await,
        Command::Backup { file } => upkeep::backup(&daemon, &file, *printer).await,
        Command::Release => vault::release(&daemon, *printer).await,
        Command::Vault(command) => vault::vault(&daemon, command, *printer).await,
        Command::Run(command) => run::run(&daemon, command, printer).await,
        Command::Halt(args) => halt::halt(&daemon, args, printer).await,
        Command::Report { date } => report::report(&daemon, date, *printer).await,
        Command::Resume(args) => halt::resume(&daemon, args, printer).await,
    }
}

/// A connection for one command.
struct Daemon {
    client: Client,
    feed: FeedReceiver,
}

impl Daemon {
    async fn connect(socket: &Path) -> Result<Self, CommandError> {
        let stream = endpoint::connect(socket)
            .await
            .map_err(|error| CommandError::NoDaemon(no_daemon(socket, &error)))?;
        let (reader, writer) = tokio::io::split(stream);
        let (client, feed) =
            Client::over(reader, writer, "script", env!("CARGO_PKG_VERSION")).await?;
        Ok(Self { client, feed })
    }

    /// A new snapshot after a gap. What is left of the old subscription goes, for each numbers its
    /// changes by itself; should anything of the new one go with it, that shows as another gap.
    async fn resubscribe(&mut self) -> Result<Subscribed, CommandError> {
        let anew = self.client.call(Subscribe { journal_tail: 0 }).await?;
        while self.feed.try_recv().is_ok() {}
        Ok(anew)
    }

    /// The account a person named.
    async fn find(&self, named: &str) -> Result<AccountView, CommandError> {
        let accounts = self.client.call(ListAccounts {}).await?;
        choose(accounts, named)
    }
}

/// By number, by user, or by user/broker.
fn choose(accounts: Vec<AccountView>, named: &str) -> Result<AccountView, CommandError> {
    let (user, broker): (&str, Option<Broker>) = match named.split_once('/') {
        Some((user, broker)) => (user, Some(words::broker(broker).map_err(CommandError::Usage)?)),
        None => (named, None),
    };
    let number = named.parse().ok();
    let is_it = |account: &AccountView| {
        number == Some(account.id.0)
            || (account.user.as_str() == user && broker.is_none_or(|b| account.broker == b))
    };
    let mut found: Vec<AccountView> = accounts.into_iter().filter(is_it).collect();
    match (found.len(), found.pop()) {
        (1, Some(account)) => Ok(account),
        (0, _) => Err(CommandError::NotFound(format!(
            "there is no account {named:?}; muster account list shows all"
        ))),
        (n, _) => Err(CommandError::Usage(format!(
            "{named:?} names {n} accounts; use the number, or user/broker"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::world;

    #[test]
    fn an_account_is_found_by_number_user_or_both() {
        for named in ["1", "asha.k", "asha.k/angel"] {
            assert_eq!(choose(world::accounts(), named).unwrap().id.0, 1, "{named}");
        }
        assert!(matches!(choose(world::accounts(), "nobody"), Err(CommandError::NotFound(_))));
        assert!(matches!(choose(world::accounts(), "asha.k/x"), Err(CommandError::Usage(_))));
        let mut twice = world::accounts();
        twice.extend(world::accounts());
        assert!(matches!(choose(twice, "asha.k"), Err(CommandError::Usage(_))));
    }
}
