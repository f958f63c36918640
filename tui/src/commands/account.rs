//! `muster account`.

use muster_protocol::account::AccountView;
use muster_protocol::ids::TicketId;
use muster_protocol::order::Broker;
use muster_protocol::request::{
    Abandon, ListAccounts, Login, RemoveAccount, Selection, SetActive, SetAutoExecute, Status,
    SubmitRedirect, Subscribe,
};
use muster_protocol::secret::Secret;

use super::{CommandError, Daemon, connect, details, print, print::Printer, prompt, test};
use crate::cli::{AccountCommand, Switch};

/// Lists, shows, connects, switches, removes.
pub(super) async fn account(
    daemon: &mut Daemon,
    command: AccountCommand,
    printer: &Printer,
) -> Result<(), CommandError> {
    match command {
        AccountCommand::List => list(daemon, *printer).await,
        AccountCommand::Show { account } => {
            let now = daemon.client.call(Status {}).await?.now;
            details::show(&daemon.find(&account).await?, now, *printer)
        }
        AccountCommand::Connect(args) => connect::connect(daemon, args, printer).await,
        AccountCommand::Test(args) => test::test(daemon, &args, printer).await,
        AccountCommand::Auto { account, state } => auto(daemon, &account, state, *printer).await,
        AccountCommand::Activate { account } => {
            set_active(daemon, &account, Switch::On, *printer).await
        }
        AccountCommand::Deactivate { account } => {
            set_active(daemon, &account, Switch::Off, *printer).await
        }
        AccountCommand::Login { account } => login(daemon, &account, printer).await,
        AccountCommand::Redirect { ticket } => redirect(daemon, TicketId(ticket), *printer).await,
        AccountCommand::Abandon { ticket } => {
            daemon.client.call(Abandon { ticket: TicketId(ticket) }).await?;
            print::done(*printer, "given up; nothing of it remains")
        }
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
    print::done(printer, &format!("{name}: auto-execute {}", if on { "on" } else { "off" }))
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
    print::done(printer, &format!("{name}: {}", if on { "activated" } else { "deactivated" }))
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
    print::done(printer, "handed over")
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
    daemon.client.call(call).await?;
    print::done(printer, &format!("{name}: removed"))
}

fn name(account: &AccountView) -> String {
    format!("{} {}", account.user, account.broker)
}

async fn one(daemon: &Daemon, named: &str) -> Result<(Selection, String), CommandError> {
    let account = daemon.find(named).await?;
    Ok((Selection::Ids(vec![account.id]), name(&account)))
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
