//! `muster account`.

use muster_protocol::account::AccountView;
use muster_protocol::ids::TicketId;
use muster_protocol::order::Broker;
use muster_protocol::request::{
    ListAccounts, Login, RemoveAccount, Selection, SetActive, SetAutoExecute, SubmitRedirect,
    Subscribe,
};
use muster_protocol::secret::Secret;

use super::{CommandError, Daemon, connect, print, print::Printer, prompt};
use crate::cli::{AccountCommand, Switch};

/// Lists, shows, connects, switches, removes.
pub(super) async fn account(
    daemon: &mut Daemon,
    command: AccountCommand,
    printer: &Printer,
) -> Result<(), CommandError> {
    match command {
        AccountCommand::List => list(daemon, *printer).await,
        AccountCommand::Show { account } => show(&daemon.find(&account).await?, *printer),
        AccountCommand::Connect => connect::connect(daemon, printer).await,
        AccountCommand::Auto { account, state } => auto(daemon, &account, state, *printer).await,
        AccountCommand::Activate { account } => {
            set_active(daemon, &account, Switch::On, *printer).await
        }
        AccountCommand::Deactivate { account } => {
            set_active(daemon, &account, Switch::Off, *printer).await
        }
        AccountCommand::Login { account } => login(daemon, &account, printer).await,
        AccountCommand::Redirect { ticket } => redirect(daemon, TicketId(ticket), *printer).await,
        AccountCommand::Remove { account, confirm } => {
            remove(daemon, &account, confirm, *printer).await
        }
    }
}

async fn auto(
    daemon: &Daemon,
    named: &str,
    state: Switch,
    printer: Printer,
) -> Result<(), CommandError> {
    let (accounts, name) = one(daemon, named).await?;
    let on = state == Switch::On;
    daemon.client.call(SetAutoExecute { accounts, on }).await?;
    done(printer, &format!("{name}: auto-execute {}", if on { "on" } else { "off" }))
}

async fn set_active(
    daemon: &Daemon,
    named: &str,
    state: Switch,
    printer: Printer,
) -> Result<(), CommandError> {
    let (accounts, name) = one(daemon, named).await?;
    let on = state == Switch::On;
    daemon.client.call(SetActive { accounts, on }).await?;
    done(printer, &format!("{name}: {}", if on { "activated" } else { "deactivated" }))
}

async fn login(daemon: &mut Daemon, named: &str, printer: &Printer) -> Result<(), CommandError> {
    let account = daemon.find(named).await?;
    if account.broker != Broker::Zerodha {
        let words = "only Zerodha needs a person to log in; use muster test";
        return Err(CommandError::Usage(words.to_owned()));
    }
    let seq = daemon.client.call(Subscribe { journal_tail: 0 }).await?.seq;
    let ticket = daemon.client.call(Login { account: account.id }).await?;
    connect::watch(daemon, seq, &ticket, printer).await
}

async fn redirect(daemon: &Daemon, ticket: TicketId, printer: Printer) -> Result<(), CommandError> {
    let redirected = if prompt::is_person() {
        prompt::secret("The address the browser ended at")?
    } else {
        Secret::new(prompt::read_all()?.trim().to_owned())
    };
    daemon.client.call(SubmitRedirect { ticket, redirected }).await?;
    done(printer, "handed over")
}

async fn remove(
    daemon: &Daemon,
    named: &str,
    confirm: Option<String>,
    printer: Printer,
) -> Result<(), CommandError> {
    let account = daemon.find(named).await?;
    let name = name(&account);
    let question = format!("{name} and its credential are forgotten for good.");
    prompt::confirm(confirm, account.user.as_str(), &question)?;
    let call = RemoveAccount { account: account.id, confirm: account.user };
    let user = call.confirm.clone();
    daemon.client.call(call).await?;
    let left = daemon.client.call(ListAccounts {}).await?;
    let last = !left.iter().any(|account| account.user == user);
    done(printer, &format!("{name}: removed. {}", muster_protocol::vault::remains(last)))
}

fn name(account: &AccountView) -> String {
    format!("{} {}", account.user, account.broker)
}

async fn one(daemon: &Daemon, named: &str) -> Result<(Selection, String), CommandError> {
    let account = daemon.find(named).await?;
    Ok((Selection::Ids(vec![account.id]), name(&account)))
}

fn done(printer: Printer, words: &str) -> Result<(), CommandError> {
    if printer.is_json() { print::json("done", &words) } else { print::line(words) }
}

async fn list(daemon: &Daemon, printer: Printer) -> Result<(), CommandError> {
    let accounts = daemon.client.call(ListAccounts {}).await?;
    if printer.is_json() {
        return print::json("accounts", &accounts);
    }
    let rows: Vec<Vec<String>> = accounts
        .iter()
        .map(|account| {
            vec![
                account.id.to_string(),
                account.user.to_string(),
                account.broker.to_string(),
                account.status.words().to_owned(),
                account.permission.words().to_owned(),
                account.last_ok.map_or_else(
                    || "never".to_owned(),
                    muster_protocol::time::Timestamp::day_clock,
                ),
                if account.auto_execute { "on" } else { "off" }.to_owned(),
                account.egress.to_string(),
            ]
        })
        .collect();
    print::table(&["NO", "USER", "BROKER", "STATUS", "IP", "LAST OK", "AUTO", "EGRESS"], &rows)
}

fn show(account: &AccountView, printer: Printer) -> Result<(), CommandError> {
    if printer.is_json() {
        return print::json("account", account);
    }
    let last_ok = account
        .last_ok
        .map_or_else(|| "never".to_owned(), muster_protocol::time::Timestamp::day_clock);
    for (label, value) in [
        ("account", format!("{} {}", account.id, name(account))),
        ("client", format!("{} {}", account.client_id, account.holder)),
        ("status", account.status.words().to_owned()),
        ("orders", account.permission.words().to_owned()),
        ("last ok", last_ok),
        ("auto", if account.auto_execute { "on" } else { "off" }.to_owned()),
        ("egress", account.egress.to_string()),
        ("credential", format!("stored {}", account.connected_at.day_clock())),
    ] {
        print::line(format!("{label:<11} {value}"))?;
    }
    for past in &account.history {
        let verdict = past.failed.map_or("ok", |kind| kind.words());
        print::line(format!("{:<11} {} {verdict}", "checked", past.at.day_clock()))?;
    }
    Ok(())
}
